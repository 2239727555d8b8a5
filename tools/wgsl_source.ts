// WGSL as text: comments, tokens, imports, and which module-scope names each declaration uses. Own code, because
// wgsl_reflect goes by name alone: a function parameter called `x` would count as a use of the buffer `x`.

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly kind: 'name' | 'number' | 'sign';
}

export interface Declaration {
  readonly kind: 'fn' | 'struct' | 'alias' | 'const' | 'override' | 'var' | 'const_assert';
  readonly name: string;
  /** Offset of the first attribute or of the keyword. */
  readonly start: number;
  readonly tokens: readonly Token[];
}

export interface Module {
  /** The whole source, imports included; the importing file comes first, so its line numbers stay true. */
  readonly code: string;
  /** The file's own part of `code`, directives included, then one for each import. */
  readonly parts: readonly string[];
  /** The same length as `code`, with comments blanked. */
  readonly bare: string;
  /** Imported files, as they were named, in the order of inclusion. */
  readonly imports: readonly string[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly enables: ReadonlySet<string>;
}

/** Replaces comments by spaces, keeping every offset and line break. WGSL has no strings that could hold a comment. */
export function blankComments(code: string): string {
  let out = '';
  let at = 0;
  while (at < code.length) {
    const begin = code.slice(at, at + 2);
    let end = at + 1;
    if (begin === '//') {
      while (end < code.length && !'\n\r\v\f\u0085\u2028\u2029'.includes(code[end]!)) end++;
    } else if (begin === '/*') {
      let depth = 1;
      end = at + 2;
      while (end < code.length && depth > 0) {
        const two = code.slice(end, end + 2);
        if (two === '/*') depth++;
        if (two === '*/') depth--;
        end += two === '/*' || two === '*/' ? 2 : 1;
      }
    } else {
      out += code[at++];
      continue;
    }
    out += code.slice(at, end).replace(/[^\n\r]/g, ' ');
    at = end;
  }
  return out;
}

const tokenPattern =
  /(?<name>[A-Za-z_]\w*)|(?<number>0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?[uihf]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[uihf]?)|[^\s]/g;

/** Tokens of comment-free source. Operators come as single characters, which is enough to follow names and scopes. */
export function tokenize(bare: string): Token[] {
  return [...bare.matchAll(tokenPattern)].map((match) => ({
    text: match[0],
    start: match.index,
    kind: match.groups!.name ? 'name' : match.groups!.number ? 'number' : 'sign',
  }));
}

/** What stands before each import's own lines. */
export const importMark = '// @file ';

/** The first `enable …;` or its like; null where there is none. */
export function directiveOf(source: string): string | null {
  return /(?<![@\w])(?:enable|requires|diagnostic)\b[^;{}]*;/.exec(blankComments(source))?.[0] ?? null;
}

/** The text of `file` and of each file that it imports, by itself or by way of others, each once, in the order of inclusion. */
export function gatherSources(
  file: string,
  read: (file: string) => string,
  importPath: (name: string) => string,
): { readonly sources: readonly string[]; readonly imports: readonly string[] } {
  const imports: string[] = [];
  const sources: string[] = [];
  const visit = (path: string, from: string | null): void => {
    let source: string;
    try {
      source = read(path);
    } catch {
      throw new Error(from === null ? 'the file cannot be read' : `imported by ${from}, cannot be read: ${path}`);
    }
    sources.push(source.replace(/\r\n?/g, '\n'));
    for (const [, name] of source.matchAll(/^[ \t]*\/\/[ \t]*@import\b[ \t]*(.*?)[ \t]*\r?$/gm)) {
      if (!name) throw new Error('@import names no file');
      const target = importPath(name);
      if (imports.includes(name) || target === file) continue;
      imports.push(name);
      visit(target, path);
    }
  };
  visit(file, null);
  return { sources, imports };
}

/**
 * Reads `file` and what it imports by lines `// @import lib/random.wgsl`, each once. Imported text is appended, not
 * put in place, so that a compiler's line numbers are those of `file`; WGSL does not care about order, except that
 * directives come first, so that an imported file may have none: those who import it state them.
 */
export function loadModule(file: string, read: (file: string) => string, importPath: (name: string) => string): Module {
  const { sources, imports } = gatherSources(file, read, importPath);
  const [own, ...imported] = sources;
  imported.forEach((source, i) => {
    const directive = directiveOf(source);
    if (directive) throw new Error(`${imports[i]} is imported and has '${directive}', expected that in ${file} itself`);
  });
  const parts = [own!, ...imported.map((source, i) => `${importMark}${imports[i]}\n${source}`)];
  const code = parts.reduce((text, part) => `${text}${text.endsWith('\n') ? '' : '\n'}${part}`);
  const bare = blankComments(code);
  return { code, parts, bare, imports, ...split(tokenize(bare)) };
}

const keywords = new Set(['fn', 'struct', 'alias', 'const', 'override', 'var', 'const_assert']);

function split(tokens: readonly Token[]): Pick<Module, 'declarations' | 'enables'> {
  const declarations = new Map<string, Declaration>();
  const enables = new Set<string>();
  let begin = 0;
  let keyword = -1;
  let depth = 0;
  for (let at = 0; at < tokens.length; at++) {
    const { text } = tokens[at]!;
    if (keyword < 0 && depth === 0 && tokens[at - 1]?.text !== '@') {
      if (keywords.has(text)) keyword = at;
      else if (text === 'enable' || text === 'requires' || text === 'diagnostic') {
        while (at < tokens.length && tokens[at]!.text !== ';') {
          if (text === 'enable' && tokens[at]!.kind === 'name' && tokens[at]!.text !== 'enable')
            enables.add(tokens[at]!.text);
          at++;
        }
        begin = at + 1;
        continue;
      }
    }
    if ('([{'.includes(text)) depth++;
    if (')]}'.includes(text)) depth--;
    const block = keyword >= 0 && (tokens[keyword]!.text === 'fn' || tokens[keyword]!.text === 'struct');
    const ends = depth === 0 && (text === ';' || (text === '}' && block));
    if (!ends) continue;
    if (keyword >= 0) {
      const kind = tokens[keyword]!.text as Declaration['kind'];
      const name = kind === 'const_assert' ? `const_assert ${begin}` : (tokens[nameAfter(tokens, keyword)]?.text ?? '');
      if (declarations.has(name)) throw new Error(`'${name}' is declared twice (an import may declare it too)`);
      declarations.set(name, { kind, name, start: tokens[begin]!.start, tokens: tokens.slice(begin, at + 1) });
    }
    begin = at + 1;
    keyword = -1;
  }
  if (depth !== 0) throw new Error('brackets do not match');
  return { declarations, enables };
}

/** Index of the declared name: after the keyword and, for `var<storage, read>`, its template list. */
function nameAfter(tokens: readonly Token[], keyword: number): number {
  let at = keyword + 1;
  if (tokens[at]?.text !== '<') return at;
  while (at < tokens.length && tokens[at]!.text !== '>') at++;
  return at + 1;
}

/** Every module-scope name that `name` uses, directly or through what it uses; `name` included. */
export function reach(module: Module, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (next: string): void => {
    const declaration = module.declarations.get(next);
    if (!declaration || found.has(next)) return;
    found.add(next);
    for (const used of usedNames(declaration)) visit(used);
  };
  visit(name);
  return found;
}

/** Names in a declaration that are neither members, attributes, nor locals; some may be WGSL's own. */
function usedNames({ kind, tokens }: Declaration): Set<string> {
  const used = new Set<string>();
  const scopes: { names: Set<string>; isFor: boolean }[] = [{ names: new Set(), isFor: false }];
  // A local is visible only after its own statement: in `let x = x[i];` the right side is the buffer.
  const pending: string[] = [];
  let braces = 0;
  const keyword = tokens.findIndex((token, at) => token.text === kind && tokens[at - 1]?.text !== '@');
  const own = kind === 'const_assert' ? -1 : nameAfter(tokens, keyword);
  for (let at = 0; at < tokens.length; at++) {
    const { text, kind: tokenKind } = tokens[at]!;
    const before = tokens[at - 1]?.text;
    if (text === '{') {
      braces++;
      scopes.push({ names: new Set(), isFor: false });
    } else if (text === '}') {
      braces--;
      scopes.pop();
      if (scopes.at(-1)?.isFor) scopes.pop();
    } else if (text === ';') {
      for (const name of pending.splice(0)) scopes.at(-1)!.names.add(name);
    }
    if (tokenKind !== 'name' || at === own || before === '.' || before === '@') {
      if (before === '@' && text === 'builtin') at += 3;
      continue;
    }
    if (kind === 'struct' && braces === 1 && tokens[at + 1]?.text === ':') continue;
    if (kind === 'fn' && braces === 0 && at > own && tokens[at + 1]?.text === ':') {
      scopes[0]!.names.add(text);
    } else if (kind === 'fn' && braces > 0 && (text === 'let' || text === 'var' || text === 'const')) {
      at = nameAfter(tokens, at);
      pending.push(tokens[at]!.text);
    } else if (text === 'for' && braces > 0) {
      scopes.push({ names: new Set(), isFor: true });
    } else if (!scopes.some(({ names }) => names.has(text))) {
      used.add(text);
    }
  }
  return used;
}
