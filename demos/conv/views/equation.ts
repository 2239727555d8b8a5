// The sum of the present step as a line, term by term, each term linked with its cells; and the output size as a formula.

import './equation.css';
import { html, math, type Child } from '../../shared/dom.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import type { Equation } from '../figure.ts';
import type { Arithmetic } from '../arithmetic.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

export function equationView(context: ConvContext, equation: Equation): HTMLElement {
  const { t } = context;
  const number = (value: number): string => t.number(value, { maximumSignificantDigits: 7 });
  const factor = (value: number): string => (value < 0 ? `(${number(value)})` : number(value));
  const { kind, terms, divisor } = equation;
  const several = divisor !== 1 || kind === 'max' || kind === 'mean';
  const separator = kind === 'max' ? ', ' : kind === 'add' ? '; ' : ' + ';
  const term = (i: number): Child => {
    const { left, right, pad, done, now, won, x, w, place } = terms[i]!;
    const label = right === null ? factor(left) : `${factor(left)}·${factor(right)}`;
    return [
      i > 0 ? separator : null,
      html(
        'button',
        {
          type: 'button',
          key: i,
          tabindex: i === 0 ? 0 : -1,
          class: ['term', pad ? 'pad' : '', done ? '' : 'todo', now ? 'now' : '', won ? 'won' : '']
            .filter(Boolean)
            .join(' '),
          'data-link': place,
          'data-x': x,
          'data-w': w,
          title: pad ? t('term padding') : undefined,
          'aria-label': pad ? `${label}, ${t('term padding')}` : label,
        },
        label,
      ),
    ];
  };
  const result =
    kind === 'add'
      ? null
      : [' = ', html('strong', {}, number(equation.result)), equation.whole ? null : ` (${t('so far')})`];
  const opening = kind === 'max' ? 'max(' : several ? '(' : '';
  return html(
    'div',
    {
      class: 'equation',
      role: 'group',
      'aria-label': t('equation'),
      'data-scrolls': true,
      'data-roving': true,
      'data-result': equation.result,
      on: { keydown: rove },
    },
    html('var', {}, equation.left),
    kind === 'add' ? ' ' : ' = ',
    opening,
    terms.map((_, i) => term(i)),
    several ? ')' : '',
    divisor !== 1 ? ` / ${t.number(divisor)}` : '',
    equation.bias === null ? null : [' + ', html('span', { class: 'bias' }, factor(equation.bias))],
    result,
  );
}

/** Arrow keys go from term to term. */
function rove(event: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const all = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>('.term')];
  const to = all[all.indexOf(document.activeElement as HTMLElement) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
}

type Axis = Arithmetic['axes'][number];

/** ⌊(H + p_t + p_b − d·(k−1) − 1)/s⌋ + 1 with the numbers in it; the short form of lectures where it holds. */
export function sizeView({ t }: ConvContext, state: ConvState, a: Arithmetic, hidden: boolean): HTMLElement {
  const rows = a.axes.map((axis, i) => {
    const name = t(i === 0 ? 'height' : 'width');
    if (state.simple && (axis.dilation !== 1 || axis.padBefore !== axis.padAfter || state.op === 'transposed'))
      return html('p', {}, `${name}: ${t('simple refused')}`);
    const answer = line(`= ${hidden ? '?' : axis.output}`);
    const formula =
      state.op === 'transposed'
        ? transposedFormula(axis, i)
        : state.simple
          ? simpleFormula(axis)
          : fullFormula(axis, i);
    return html(
      'p',
      { class: 'size', 'data-axis': i, 'data-size': hidden ? undefined : axis.output },
      `${name} `,
      [...formula, answer].map((part) => [math('math', {}, math('mrow', {}, part)), ' ']),
    );
  });
  return scrollBox(t('size title'), html('div', { class: 'sizes' }, rows), 'sizes');
}

/** Signs with a space between them: numbers, letters, those with an index as `p_t`, and operators. */
const line = (signs: string): Child[] => signs.split(' ').map(sign);

function sign(text: string): MathMLElement {
  const [name, index] = text.split('_');
  if (index) return math('msub', {}, sign(name!), sign(index));
  if (/^[a-z]/i.test(text)) return math('mi', {}, text);
  if (/[\d?]$/.test(text)) return math('mn', {}, text);
  // Brackets of the height of their line: those that grow with a fraction make it hard to read.
  return math('mo', { stretchy: /[⌊⌋]/.test(text) ? 'true' : 'false' }, text);
}

const fraction = (above: string, below: string | number): Child =>
  math('mfrac', {}, math('mrow', {}, line(above)), sign(String(below)));
const floored = (above: string, below: string | number): Child[] => [sign('⌊'), fraction(above, below), line('⌋ + 1')];
const whole = (above: string, below: string | number): Child[] => [fraction(above, below), line('+ 1')];

/** The parts of a formula, between which a line may break. */
type Parts = readonly Child[][];

function fullFormula({ input, padBefore, padAfter, dilation, kernel, stride }: Axis, i: number): Parts {
  const [n, before, after] = i === 0 ? ['H', 't', 'b'] : ['W', 'l', 'r'];
  return [
    floored(`${n} + p_${before} + p_${after} − d ( k − 1 ) − 1`, 's'),
    [sign('='), floored(`${input} + ${padBefore} + ${padAfter} − ${dilation} · ${kernel - 1} − 1`, stride)],
  ];
}

function simpleFormula({ input, padBefore, kernel, stride }: Axis): Parts {
  const rounded = (input + 2 * padBefore - kernel) % stride !== 0;
  return [
    whole('n + 2 p − f', 's'),
    [sign('='), (rounded ? floored : whole)(`${input} + 2 · ${padBefore} − ${kernel}`, stride)],
  ];
}

function transposedFormula(axis: Axis, i: number): Parts {
  const [before, after] = i === 0 ? ['t', 'b'] : ['l', 'r'];
  const { input, padBefore, padAfter, dilation, kernel, stride } = axis;
  const outputPadding = 'outputPadding' in axis ? axis.outputPadding : 0;
  return [
    line('s ( n − 1 ) + d ( k − 1 ) + 1'),
    line(`− p_${before} − p_${after} + op`),
    line(`= ${stride} · ${input - 1} + ${dilation} · ${kernel - 1} + 1`),
    line(`− ${padBefore} − ${padAfter} + ${outputPadding}`),
  ];
}
