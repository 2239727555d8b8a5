// The sum of e^(x - reference) over numbers that are read once (online softmax, Milakov and Gimelshein 2018). The reference is
// a number met before, below all others by no more than SLACK: with none at all, a rising row would rescale its sum, and
// round it, at every number. An exponential a number, whichever way it goes.

const SLACK: f32 = 2.0;

struct Powers {
  reference: f32,
  sum: f32,
}

struct Powers4 {
  reference: vec4f,
  sum: vec4f,
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

// Of all four, around the highest of their references.
fn powers_of_all(powers: Powers4) -> Powers {
  let r = powers.reference;
  let reference = max(max(r.x, r.y), max(r.z, r.w));
  let sums = powers.sum * exp(r - reference);
  return Powers(reference, (sums.x + sums.y) + (sums.z + sums.w));
}
