// Einstein's summation: any product of tensors, summed over axes that are named by letters.

import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, type Shape } from '../core/shape.ts';
import { expectDType, type Tensor } from '../graph/tensor.ts';
import { mul } from './binary.ts';
import { matmul } from './matmul.ts';
import { broadcastTo, sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { transpose } from './transpose.ts';

/** A tensor whose axes have names, each once. */
interface Term {
  readonly x: Tensor;
  readonly names: readonly string[];
}

const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

/** The names of a term's axes: its letters, and for an ellipsis numbers counted from the last of its axes. */
function namesOf(term: string, rank: number): string[] {
  const [before = '', after, more] = term.split('...');
  if (more !== undefined || !/^[A-Za-z]*$/.test(before + (after ?? ''))) {
    throw new OptionError(`einsum: '${term}' is no list of letters with at most one ellipsis`);
  }
  const dots = rank - before.length - (after?.length ?? 0);
  if (after === undefined ? dots !== 0 : dots < 0) {
    throw new ShapeError(`einsum: '${term}' names ${before.length + (after?.length ?? 0)} axes of a tensor of ${rank}`);
  }
  const between = Array.from({ length: dots }, (_, i) => String(dots - 1 - i));
  return [...before.split(''), ...between, ...(after ?? '').split('')];
}

/** Axes of one name are one: their diagonal. */
function diagonals(x: Tensor, given: readonly string[]): Term {
  let names = [...given];
  for (let second = names.length - 1; second > 0; second--) {
    const first = names.indexOf(names[second]!);
    if (first === second) continue;
    const rest = names.flatMap((_, axis) => (axis === first || axis === second ? [] : [axis]));
    const lengths = rest.map((axis) => x.shape[axis]!);
    const n = x.shape[first]!;
    const flat = reshape(transpose(x, [...rest, first, second]), [...lengths, n * n]);
    x = reshape(slice(flat, { axes: [rest.length], starts: [0], steps: [n + 1] }), [...lengths, n]);
    names = [...rest.map((axis) => names[axis]!), names[first]!];
  }
  return { x, names };
}

/** The term with its axes in the order of `names`; what it lacks has length 1. */
function arranged({ x, names: own }: Term, names: readonly string[]): Tensor {
  const present = names.filter((name) => own.includes(name));
  const moved = transpose(
    x,
    present.map((name) => own.indexOf(name)),
  );
  return reshape(
    moved,
    names.map((name) => (own.includes(name) ? x.shape[own.indexOf(name)]! : 1)),
  );
}

/** Without the axes that are not in `kept`, which are summed. */
function reduced(term: Term, kept: ReadonlySet<string>): Term {
  const axes = term.names.flatMap((name, axis) => (kept.has(name) ? [] : [axis]));
  if (axes.length === 0) return term;
  return { x: sum(term.x, { axes }), names: term.names.filter((name) => kept.has(name)) };
}

/** Two terms as one, whose axes are those of `kept`: a batch of matrix products. */
function joined(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const others = (term: Term, other: Term) => new Set([...kept, ...other.names]);
  [a, b] = [reduced(a, others(a, b)), reduced(b, others(b, a))];
  const shared = a.names.filter((name) => b.names.includes(name));
  const length = (term: Term, name: string) => term.x.shape[term.names.indexOf(name)]!;
  // Of an ellipsis, an axis of length 1 stretches.
  const lengths = new Map(shared.map((name) => [name, Math.max(length(a, name), length(b, name))]));
  const batch = shared.filter((name) => kept.has(name));
  const inner = shared.filter((name) => !kept.has(name));
  const [rows, columns] = [a, b].map(({ names }) => names.filter((name) => !shared.includes(name)));
  if (inner.length === 0) {
    const names = [...batch, ...rows!, ...columns!];
    return { x: mul(arranged(a, names), arranged(b, names)), names };
  }
  /** Rows by columns; read transposed where the axes stand that way. */
  const matrix = (term: Term, outer: readonly string[], columnsOfIt: readonly string[]) => {
    const turned = [...batch, ...columnsOfIt, ...outer];
    const transposed = term.names.join() === turned.join();
    const order = transposed ? turned : [...batch, ...outer, ...columnsOfIt];
    const x = arranged(term, order);
    const whole = order.map((name, axis) => lengths.get(name) ?? x.shape[axis]!);
    const size = (names: readonly string[]) => product(names.map((name) => lengths.get(name) ?? length(term, name)));
    const sizes = [size(outer), size(columnsOfIt)];
    const shape = [...(batch.length > 0 ? [size(batch)] : []), ...(transposed ? sizes.reverse() : sizes)];
    return { x: reshape(equal(whole, x.shape) ? x : broadcastTo(x, whole), shape), transposed };
  };
  const [left, right] = [matrix(a, rows!, inner), matrix(b, inner, columns!)];
  const y = matmul(left.x, right.x, { transposeA: left.transposed, transposeB: right.transposed });
  const names = [...batch, ...rows!, ...columns!];
  const shape = names.map((name) => lengths.get(name) ?? length(rows!.includes(name) ? a : b, name));
  return { x: reshape(y, shape), names };
}

function checkLengths(terms: readonly Term[]): void {
  const known = new Map<string, number>();
  for (const { x, names } of terms) {
    names.forEach((name, axis) => {
      const length = x.shape[axis]!;
      const other = known.get(name) ?? length;
      if (length !== other && (/[A-Za-z]/.test(name) || (length !== 1 && other !== 1))) {
        const what = /[A-Za-z]/.test(name) ? `'${name}'` : 'an axis of the ellipsis';
        throw new ShapeError(`einsum: ${what} is ${other} long in one tensor and ${length} in another`);
      }
      known.set(name, Math.max(length, other));
    });
  }
}

/**
 * The products of the tensors' elements, summed over the letters that are not in the result: `einsum('nqd,nkd->nqk', q, k)`
 * (NumPy, PyTorch, ONNX). A letter twice in one term is its diagonal; '...' stands for further axes, which broadcast.
 * Without '->' the result has the ellipsis and then the letters that occur once, by the alphabet. f32. Terms are joined
 * from the left to the right, pairs that share summed letters by `matmul`. OptionError: an equation that cannot be read, or
 * another number of tensors than it has. ShapeError: dtypes, ranks, lengths of one letter that differ.
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  const [from = '', to, more] = equation.replaceAll(' ', '').split('->');
  const given = from.split(',');
  if (more !== undefined || given.length !== tensors.length) {
    throw new OptionError(`einsum: '${equation}' has ${given.length} terms for ${tensors.length} tensors`);
  }
  const named = given.map((term, i): Term => {
    const x = tensors[i]!;
    expectDType('einsum', `tensor ${i}`, x, 'f32');
    const names = namesOf(term, x.shape.length);
    checkDiagonals(term, x.shape, names);
    return diagonals(x, names);
  });
  checkLengths(named);
  const result = resultNames(equation, given, named, to);

  const [first, ...others] = named;
  const last = others.reduce((a, b, i) => {
    const later = others.slice(i + 1).flatMap(({ names }) => names);
    return joined(a, b, new Set([...result, ...later]));
  }, first!);
  const y = reduced(last, new Set(result));
  return arranged(y, result);
}

function checkDiagonals(term: string, shape: Shape, names: readonly string[]): void {
  names.forEach((name, axis) => {
    const first = shape[names.indexOf(name)]!;
    if (first === shape[axis]) return;
    throw new ShapeError(`einsum: '${name}' of '${term}' is ${first} and ${shape[axis]} long in ${format(shape)}`);
  });
}

/** The names of the result's axes, in order. */
function resultNames(equation: string, given: readonly string[], terms: readonly Term[], to: string | undefined) {
  const all = new Set(terms.flatMap(({ names }) => names));
  const dots = [...all].filter((name) => !/[A-Za-z]/.test(name)).sort((a, b) => Number(b) - Number(a));
  if (to === undefined) {
    const written = given.join('').replaceAll('.', '');
    const once = [...all].filter((name) => /[A-Za-z]/.test(name) && written.split(name).length === 2);
    return [...dots, ...once.sort()];
  }
  const names = namesOf(to, to.replace('...', '').length + (to.includes('...') ? dots.length : 0));
  const wrong = names.find((name, i) => !all.has(name) || names.indexOf(name) !== i);
  if (wrong === undefined) return names;
  const why = all.has(wrong) ? 'twice' : 'that no term has';
  throw new OptionError(`einsum: the result of '${equation}' names '${wrong}' ${why}`);
}
