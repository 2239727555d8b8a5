// The area under the ROC curve, from scores and labels kept on the host.

/**
 * `rows`: `classes` scores and then a label, again and again; with one class the label is 1 for yes and 0 for no. A row of
 * a negative label is padding. The Mann-Whitney statistic by ranks, in double precision.
 */
export function rocAuc(rows: ArrayLike<number>, classes: number): number {
  const width = classes + 1;
  const kept = Array.from({ length: rows.length / width }, (_, i) => i).filter((i) => rows[i * width + classes]! >= 0);
  const areas: number[] = [];
  for (let c = 0; c < classes; c++) {
    const positive = classes === 1 ? 1 : c;
    const area = areaOf(
      Float64Array.from(kept, (i) => rows[i * width + c]!),
      Uint8Array.from(kept, (i) => Number(rows[i * width + classes] === positive)),
    );
    if (!Number.isNaN(area)) areas.push(area);
  }
  return areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

/** NaN where all examples are of one kind. */
function areaOf(scores: Float64Array, truths: Uint8Array): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let first = 0; first < order.length;) {
    let end = first;
    let tiedPositives = 0;
    while (end < order.length && scores[order[end]!] === scores[order[first]!]) tiedPositives += truths[order[end++]!]!;
    if (end === first) return NaN; // a score that is no number
    rankSum += (tiedPositives * (first + 1 + end)) / 2; // the mean of ranks first + 1 to end
    positives += tiedPositives;
    first = end;
  }
  const negatives = scores.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
