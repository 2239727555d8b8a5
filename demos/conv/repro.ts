// The engine's answer for one cell as a program that anybody can run: what a report of a difference holds.

import { opNames, optionsText } from './code.ts';
import type { Compared, Question } from './question.ts';
import type { ConvState } from './state.ts';

export interface Differing {
  readonly of: Compared;
  /** Flat, as the picture has it. */
  readonly at: number;
  readonly picture: number;
  readonly engine: number;
}

/** Prints the engine's number for the cell, with both numbers in a comment. */
export function reproOf(
  device: 'cpu' | 'gpu',
  state: ConvState,
  { shapes, feeds, places }: Question,
  { of, at, picture, engine }: Differing,
): string {
  const gpu = device === 'gpu';
  const names = Object.keys(shapes);
  const pool = names.length === 2;
  const by = pool ? 'x' : 'x, w, b';
  const slopes = pool ? 'dx' : 'dx, dw, db';
  const y = `ops.${opNames[state.op]}(${pool ? 'x' : 'x, w'}, ${optionsText(state)})`;
  return [
    `import { ${gpu ? 'createWebGPUDevice, gradients' : 'evaluateGraph, gradients, inputTensor'}, ops${gpu ? ', program' : ''} } from 'retrograd';`,
    '',
    `const shapes = ${JSON.stringify(shapes)};  // N, H, W, C; kH, kW, C_in, C_out`,
    'const feeds = {',
    ...Object.entries(feeds).map(
      ([name, values]) => `  ${name}: new Float${gpu ? 32 : 64}Array([${values.join(', ')}]),`,
    ),
    '};',
    `const build = ({ ${names.join(', ')} }) => {`,
    `  const y = ${pool ? y : `ops.add(${y}, b)`};`,
    `  const [${slopes}] = gradients(y, [${by}], dy);`,
    `  return { y, ${slopes} };`,
    '};',
    ...(gpu
      ? [
          'const step = await program(shapes, build, { device: await createWebGPUDevice() });',
          'await step.prepare();',
          'step.run(feeds);',
          `const ${of} = await step.read('${of}');`,
        ]
      : [
          'const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, inputTensor(name, shape)]));',
          'const fed = new Map(Object.entries(feeds).map(([name, values]) => [inputs[name], values]));',
          `const [${of}] = evaluateGraph([build(inputs).${of}], fed);`,
        ]),
    `console.log(${of}[${places[of][at]!}]);  // ${picture} in the picture, ${engine} in the engine`,
    '',
  ].join('\n');
}
