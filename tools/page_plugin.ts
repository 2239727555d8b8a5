// The Vite plugin that gives every page of demos/ the same head and the same last resorts: what stands there without
// JavaScript, and what appears where the page's program does not come: words, and a figure that stands still.
import type { Plugin } from 'vite';

const favicon =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%2300609a' d='M1 1h14v14H1z'/><path stroke='%23fff' stroke-width='2' fill='none' d='M12 4 8 8l4 4M8 4 4 8l4 4'/></svg>";

const head = `
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="${favicon}" />
    <style>
      .unloaded { visibility: hidden; max-width: 40rem; margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; animation: unloaded 0s 4s forwards; }
      .unloaded figure { margin: 1rem 0; }
      .unloaded text { fill: currentColor; stroke: none; }
      @keyframes unloaded { to { visibility: visible; } }
    </style>`;

/** Squares with their numbers, as SVG. */
const matrix = (x: number, y: number, rows: readonly string[]): string =>
  rows
    .flatMap((row, i) =>
      row.split(' ').map((number, j) => {
        const [left, top] = [x + 28 * j, y + 28 * i];
        return `<path d="M${left} ${top}h28v28h-28z"/><text x="${left + 14}" y="${top + 19}">${number}</text>`;
      }),
    )
    .join('');

/** What the pages are about, without a program: a kernel finds the edge of a picture. */
const figure = `<figure>
          <svg role="img" aria-labelledby="still" viewBox="-1 -1 358 114" width="358" style="max-width: 100%" fill="none" stroke="currentColor">
            <g font-size="13" text-anchor="middle">${matrix(0, 0, Array<string>(4).fill('10 10 0 0'))}${matrix(152, 14, Array<string>(3).fill('1 0 −1'))}${matrix(300, 28, ['30 30', '30 30'])}</g>
            <path d="M128 52l8 8m0-8l-8 8M260 52h16m-16 8h16"/>
          </svg>
          <figcaption id="still">A convolution: a 4 × 4 picture, bright on the left, under a kernel of rows 1 0 −1 is 2 × 2 sums of 30: an edge. <span lang="fr">Une convolution : une image 4 × 4, claire à gauche, sous un noyau de lignes 1 0 −1 donne 2 × 2 sommes de 30 : un bord.</span></figcaption>
        </figure>`;

const body = `
    <noscript>
      <p>This page computes in your browser and needs JavaScript: allow it for this address, then reload.</p>
      <p lang="fr">Cette page calcule dans votre navigateur et a besoin de JavaScript : autorisez-le pour cette adresse, puis rechargez.</p>
      <style>noscript { display: block; max-width: 40rem; margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; } .unloaded { visibility: visible; animation: none; } .unloaded p { display: none; }</style>
    </noscript>
    <div id="page">
      <div class="unloaded" data-code="E18">
        <p>This page’s program has not arrived yet. If it does not come, reload the page; a proxy or an extension may block it, or this browser may be too old.</p>
        <p lang="fr">Le programme de cette page n’est pas encore arrivé. S’il ne vient pas, rechargez la page : un proxy ou une extension le bloque peut-être, ou ce navigateur est trop ancien.</p>
        ${figure}
      </div>
    </div>`;

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
