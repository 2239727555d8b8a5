// The sum of e^(x - reference) over numbers that are read once (online softmax, Milakov and Gimelshein 2018). The reference is
// a number met before, below all others by no more than SLACK: with none at all, a rising row would rescale its sum, and
// round it, at every number. An exponential a number, whichever way it goes.

// @import lib/vector.wgsl

const SLACK: f32 = 2.0;

struct Powers {
  reference: f32,
  sum: f32,
}

struct Powers4 {
  reference: vec4f,
  sum: vec4f,
}

// The lowest finite number: a reference in the place of -infinity (a score that is masked), of which no distance can be taken.
const LOWEST: f32 = -3.4028234663852886e38;
// Of -infinity: compilers may take it that comparisons never meet one.
const MINUS_INFINITY: u32 = 0xff800000u;

// The reference x, with nothing summed.
fn no_powers(x: f32) -> Powers {
  return Powers(select(x, LOWEST, bitcast<u32>(x) == MINUS_INFINITY), 0.0);
}

// Of x alone.
fn first_powers4(x: vec4f) -> Powers4 {
  let masked = bitcast<vec4u>(x) == vec4u(MINUS_INFINITY);
  return Powers4(select(x, vec4f(LOWEST), masked), select(vec4f(1.0), vec4f(), masked));
}

fn add_power(powers: Powers, x: f32) -> Powers {
  let d = x - powers.reference;
  let above = d > SLACK;
  let e = exp(select(d, -d, above));
  return Powers(
    select(powers.reference, x, above),
    select(powers.sum + e, powers.sum * e + 1.0, above)
  );
}

// Four such sums side by side.
fn add_power4(powers: Powers4, x: vec4f) -> Powers4 {
  let d = x - powers.reference;
  let above = d > vec4f(SLACK);
  let e = exp(select(d, -d, above));
  return Powers4(
    select(powers.reference, x, above),
    select(powers.sum + e, powers.sum * e + 1.0, above)
  );
}

// Those of a whole row that holds x. Of one that is masked altogether no number may come: exponential and logarithm of what is
// none may be numbers on a device, and so neither the reference nor the sum stays one.
fn powers_of_row(powers: Powers, x: f32) -> Powers {
  let masked = powers.sum == 0.0;
  return Powers(select(powers.reference, x, masked), select(powers.sum, x - x, masked));
}

// Of all four, around the highest of their references.
fn powers_of_all(powers: Powers4) -> Powers {
  let r = powers.reference;
  let reference = max(max(r.x, r.y), max(r.z, r.w));
  return Powers(reference, sum_lanes(powers.sum * exp(r - reference)));
}
