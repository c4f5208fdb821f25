import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export interface SourceImport {
  /** The imported file without its extension, from the repository's top: `lib/errors`; or a package's name. */
  readonly target: string
  /** Nothing of it is left once types are stripped. */
  readonly typeOnly: boolean
}

export interface Source {
  /** Without `.ts`, from the repository's top: `lib/server/up-server`, `lib/index.cts`. */
  readonly name: string
  readonly lines: number
  readonly imports: readonly SourceImport[]
  /** Members of `process` that it names. */
  readonly ofProcess: ReadonlySet<string>
}

/** Reads the TypeScript files below these folders. */
export function readSources(folders: readonly string[]): Source[] {
  return folders.flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.c?ts$/.test(name))
      .map(name => readSource(join(folder, name)))
  )
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS)
  const imports: SourceImport[] = []
  const ofProcess = new Set<string>()
  const visit = (node: ts.Node): void => {
    const found = readImport(node)
    if (found !== undefined) imports.push({ ...found, target: resolveTarget(path, found.target) })
    if (isMemberOfProcess(node)) ofProcess.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { name: withoutExtension(path), lines: text.split('\n').length - 1, imports, ofProcess }
}

function readImport(node: ts.Node): SourceImport | undefined {
  if (ts.isImportDeclaration(node)) {
    const named = node.importClause?.namedBindings
    const onlyTypes =
      node.importClause !== undefined &&
      node.importClause.name === undefined &&
      named !== undefined &&
      ts.isNamedImports(named) &&
      named.elements.every(element => element.isTypeOnly)
    return {
      target: textOf(node.moduleSpecifier),
      typeOnly: node.importClause?.isTypeOnly === true || onlyTypes
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { target: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly }
  }
  if (ts.isCallExpression(node) && node.arguments[0] !== undefined) {
    const isDynamic = node.expression.kind === ts.SyntaxKind.ImportKeyword
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require'
    const target = node.arguments[0]
    if ((isDynamic || isRequire) && ts.isStringLiteral(target))
      return { target: target.text, typeOnly: false }
  }
  return undefined
}

function isMemberOfProcess(node: ts.Node): node is ts.PropertyAccessExpression {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'process'
  )
}

function textOf(specifier: ts.Expression): string {
  return ts.isStringLiteral(specifier) ? specifier.text : specifier.getText()
}

function resolveTarget(from: string, target: string): string {
  if (target.startsWith('#lib/')) return withoutExtension(target.slice(1))
  if (!target.startsWith('.')) return target
  return relative(ROOT, withoutExtension(join(ROOT, dirname(from), target)))
}

function withoutExtension(path: string): string {
  return path.replace(/\.[jt]s$/, '')
}
