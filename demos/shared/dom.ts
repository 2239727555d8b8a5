// Elements as plain calls, and bringing the page up to date with a newly made tree. Text is only ever text: nothing here
// reads HTML from a string.

export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Events = HTMLElementEventMap;
export type Handlers = { readonly [Name in keyof Events]?: (event: Events[Name]) => void };

export interface Properties {
  readonly on?: Handlers | undefined;
  /** Among its siblings an element with a key is brought up to date only from one with the same key. */
  readonly key?: string | number | undefined;
  /** Its children belong to whoever made it (a canvas, an edit field): updates leave them alone. */
  readonly own?: boolean | undefined;
  /** Called with the element in the page after each update of it. */
  readonly updated?: ((element: Element) => void) | undefined;
  /** Attributes; true and false of `aria-` and `data-` ones are written out, others are set empty or left out. */
  readonly [attribute: string]: unknown;
}

interface Extras {
  handlers: Record<string, (event: never) => void>;
  key?: string | undefined;
  own?: boolean | undefined;
  updated?: ((element: Element) => void) | undefined;
}

/** Elements in the hands of a widget (a cell being edited): updates pass them by. */
const held = new WeakSet<Node>();
export const hold = (element: Element): unknown => held.add(element);
export const release = (element: Element): unknown => held.delete(element);

const extras = new WeakMap<Node, Extras>();
const listening = new WeakMap<Node, Set<string>>();

const namespaces = { svg: 'http://www.w3.org/2000/svg', math: 'http://www.w3.org/1998/Math/MathML' };

export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), properties, children);
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS(namespaces.svg, tag) as SVGElementTagNameMap[Tag], properties, children);
}

/** MathML: `math('mfrac', {}, math('mi', {}, 'H'), math('mn', {}, 2))`. */
export function math(tag: string, properties: Properties = {}, ...children: Child[]): MathMLElement {
  return fill(document.createElementNS(namespaces.math, tag) as MathMLElement, properties, children);
}

function fill<T extends Element>(element: T, properties: Properties, children: readonly Child[]): T {
  const { on = {}, key, own, updated, ...attributes } = properties;
  element.append(...nodesOf(children));
  for (const [name, value] of Object.entries(attributes)) {
    const text = attributeText(name, value);
    if (text !== null) element.setAttribute(name, text);
  }
  applyState(element);
  extras.set(element, {
    handlers: on as Extras['handlers'],
    key: key === undefined ? undefined : String(key),
    own,
    updated,
  });
  listen(element);
  return element;
}

function attributeText(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') {
    if (name.startsWith('aria-') || name.startsWith('data-')) return String(value);
    return value ? '' : null;
  }
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new TypeError(`the attribute '${name}' is a ${typeof value}; expected text, a number or a boolean`);
}

function nodesOf(children: readonly Child[]): Node[] {
  return children.flatMap((child): Node[] => {
    if (child === null || child === undefined || child === false) return [];
    if (typeof child === 'string' || typeof child === 'number') return [document.createTextNode(String(child))];
    return child instanceof Node ? [child] : nodesOf(child as readonly Child[]);
  });
}

/** One listener a kind of event, which looks its handler up: so an update changes handlers without touching listeners. */
function listen(element: Element): void {
  const handlers = extras.get(element)?.handlers ?? {};
  const known = listening.get(element) ?? new Set();
  for (const name of Object.keys(handlers)) {
    if (known.has(name)) continue;
    known.add(name);
    element.addEventListener(name, (event) => extras.get(element)?.handlers[name]?.(event as never));
  }
  listening.set(element, known);
}

/** Makes the children of `parent` equal to the given ones, keeping the elements, focus and scrolling that can be kept. */
export function place(parent: Element, ...children: Child[]): void {
  placeNodes(parent, nodesOf(children));
}

function placeNodes(parent: Element, fresh: readonly Node[]): void {
  const keyed = new Map<string, ChildNode>();
  for (const child of parent.childNodes) {
    const key = extras.get(child)?.key;
    if (key !== undefined) keyed.set(key, child);
  }
  let cursor = parent.firstChild;
  for (const node of fresh) {
    const key = extras.get(node)?.key;
    const candidate = key === undefined ? cursor : (keyed.get(key) ?? null);
    if (candidate === null || !alike(candidate, node)) {
      parent.insertBefore(node, cursor === node ? cursor.nextSibling : cursor);
      if (cursor === node) cursor = node.nextSibling;
      continue;
    }
    if (candidate === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(candidate, cursor);
    update(candidate, node);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function alike(old: Node, fresh: Node): boolean {
  return (
    old.nodeType === fresh.nodeType &&
    old.nodeName === fresh.nodeName &&
    extras.get(old)?.key === extras.get(fresh)?.key
  );
}

function update(old: Node, fresh: Node): void {
  if (old === fresh || held.has(old)) return;
  if (!(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  const written = old.getAttribute('value');
  // Whether a section or a dialog is open is the reader's doing, not the state's.
  const kept = old instanceof HTMLDetailsElement || old instanceof HTMLDialogElement ? 'open' : '';
  for (const { name } of Array.from(old.attributes))
    if (name !== kept && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (name !== kept && old.getAttribute(name) !== value) old.setAttribute(name, value);
  const made = extras.get(fresh);
  if (made) extras.set(old, made);
  listen(old);
  if (!made?.own) placeNodes(old, [...fresh.childNodes]);
  // Text someone is typing stays until the value it stands for changes.
  const typing = old === document.activeElement && old.getAttribute('value') === written;
  if (!typing) applyState(old);
  made?.updated?.(old);
}

/** What a field shows follows its attributes, also after a reader has changed it. */
function applyState(element: Element): void {
  if (element instanceof HTMLInputElement) {
    const value = element.getAttribute('value');
    if (value !== null && element.value !== value) element.value = value;
    if (element.type === 'checkbox' || element.type === 'radio') element.checked = element.hasAttribute('checked');
  } else if (element instanceof HTMLSelectElement) {
    const index = [...element.options].findIndex((option) => option.hasAttribute('selected'));
    if (index >= 0 && element.selectedIndex !== index) element.selectedIndex = index;
  } else if (element instanceof HTMLTextAreaElement) {
    const value = element.getAttribute('value');
    if (value !== null && element.value !== value) element.value = value;
  }
}
