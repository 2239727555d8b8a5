// Only what an entry needs of a shader's text: a compiler reads, checks and transforms all of a module before it drops the
// rest, which takes as long as a short kernel itself.

const comments = /\/\/[^\n]*|\/\*[^]*?\*\//g;
const declared = /\b(?:fn|struct|alias|const|override)\s+(\w+)|\bvar\s*(?:<[^>]*>)?\s*(\w+)/;

const lineBreaks = (text: string): string => text.replace(/[^\n]+/g, '');

/**
 * `code` without the comments and the module-scope declarations that `entry` does not reach; their line breaks stay, so
 * that a compiler's line numbers are those of the file. A local's name counts as a use of what is declared by that name: too
 * much may be kept, never too little.
 */
export function reachable(code: string, entry: string): string {
  const bare = code.replace(comments, lineBreaks);
  const parts = partsOf(bare);
  const byName = new Map<string, number>();
  const kept = new Set<number>();
  parts.forEach((part, index) => {
    const found = declared.exec(part);
    if (found) byName.set((found[1] ?? found[2])!, index);
    else kept.add(index); // directives and assertions
  });
  const first = byName.get(entry);
  // Something that this reader does not understand: the compiler will.
  if (first === undefined) return code;
  kept.add(first);
  for (const index of kept) {
    for (const [word] of parts[index]!.matchAll(/[A-Za-z_]\w*/g)) {
      const used = byName.get(word);
      if (used !== undefined) kept.add(used);
    }
  }
  return parts.map((part, index) => (kept.has(index) ? part : lineBreaks(part))).join('');
}

/** Module-scope declarations and directives, each to its `;` or `}`, and what is left. */
function partsOf(bare: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (const { 0: sign, index } of bare.matchAll(/[{};]/g)) {
    if (sign === '{') depth++;
    if (sign === '}') depth--;
    if (depth > 0 || sign === '{') continue;
    parts.push(bare.slice(begin, index + 1));
    begin = index + 1;
  }
  parts.push(bare.slice(begin));
  return parts;
}
