/** The element of the page that has this id; it is there, as index.html says. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${kind.name} #${id}`)
}

type Attributes = Readonly<Record<string, string>>

/** Makes an element. What is text stays text, whatever an app has put into it. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

/** Sets a text, unless it is there: so that nothing is drawn, or read aloud, anew. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** A word and a shape for it, as colours alone tell too little. */
export function badge(kind: string, text: string): HTMLElement {
  return el('span', { class: 'badge', 'data-kind': kind }, text)
}

export function setBadge(node: HTMLElement, kind: string, text: string): void {
  if (node.dataset['kind'] !== kind) node.dataset['kind'] = kind
  setText(node, text)
}
