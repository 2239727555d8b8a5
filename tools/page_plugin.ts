// The Vite plugin that gives every page of demos/ the same head and the same last resorts: what stands there without
// JavaScript, and what appears where the page's program does not come.
import type { Plugin } from 'vite';

const favicon =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%2300609a' d='M1 1h14v14H1z'/><path stroke='%23fff' stroke-width='2' fill='none' d='M12 4 8 8l4 4M8 4 4 8l4 4'/></svg>";

const head = `
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="${favicon}" />
    <style>
      .unloaded { visibility: hidden; max-width: 40rem; margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; animation: unloaded 0s 4s forwards; }
      @keyframes unloaded { to { visibility: visible; } }
    </style>`;

const body = `
    <div id="page">
      <div class="unloaded" data-code="E18">
        <p>This page’s program has not arrived yet. If it does not come, reload the page; a proxy or an extension may block it, or this browser may be too old.</p>
        <p lang="fr">Le programme de cette page n’est pas encore arrivé. S’il ne vient pas, rechargez la page : un proxy ou une extension le bloque peut-être, ou ce navigateur est trop ancien.</p>
      </div>
    </div>
    <noscript>
      <style>.unloaded { display: none; }</style>
      <p>This page computes in your browser and needs JavaScript: allow it for this address, then reload.</p>
      <p lang="fr">Cette page calcule dans votre navigateur et a besoin de JavaScript : autorisez-le pour cette adresse, puis rechargez.</p>
    </noscript>`;

export function pages(): Plugin {
  return {
    name: 'retrograd:pages',
    transformIndexHtml: {
      order: 'pre',
      handler(html, { filename }) {
        if (!/[/\\]demos[/\\]/.test(filename)) return html;
        return html.replace(/(<meta charset="[^"]+" \/>)/, `$1${head}`).replace('<body>', `<body>${body}`);
      },
    },
  };
}
