import { byId, el, setText } from './dom.js'

interface Question {
  readonly title: string
  readonly text: string
  readonly yes: string
  /** What else to ask for. */
  readonly field?: HTMLElement
}

/** Asks before something is done. Resolves with false when it is not to be. */
export function confirmFirst({ title, text, yes, field }: Question): Promise<boolean> {
  const dialog = byId('confirm', HTMLDialogElement)
  setText(byId('confirm-title', HTMLElement), title)
  setText(byId('confirm-text', HTMLElement), text)
  setText(byId('confirm-yes', HTMLElement), yes)
  byId('confirm-field', HTMLElement).replaceChildren(...(field === undefined ? [] : [field]))
  return answerOf(dialog)
}

/** Asks for the token. Resolves with undefined when there is none. */
export async function askToken(message: string): Promise<string | undefined> {
  const dialog = byId('token', HTMLDialogElement)
  const input = byId('token-input', HTMLInputElement)
  setText(byId('token-text', HTMLElement), message)
  const isGiven = await answerOf(dialog)
  const token = input.value.trim()
  input.value = ''
  return isGiven && token !== '' ? token : undefined
}

/** A number to type, with its label. */
export function numberField(label: string, value: number): { field: HTMLElement; input: HTMLInputElement } {
  const input = el('input', { type: 'number', min: '1', max: '1024', step: '1', required: '' })
  input.value = String(value)
  return { field: el('label', { class: 'field' }, label, input), input }
}

/** Something to tick, with its label. */
export function checkField(label: string): { field: HTMLElement; input: HTMLInputElement } {
  const input = el('input', { type: 'checkbox' })
  return { field: el('label', { class: 'check' }, input, label), input }
}

/** Whether its form was sent, rather than the dialog closed. */
function answerOf(dialog: HTMLDialogElement): Promise<boolean> {
  const form = dialog.querySelector('form')
  return new Promise(resolve => {
    let isSent = false
    const onSubmit = (event: SubmitEvent): void => {
      event.preventDefault()
      isSent = true
      dialog.close()
    }
    const onClick = (event: Event): void => {
      if (event.target instanceof HTMLElement && event.target.hasAttribute('data-close')) dialog.close()
    }
    form?.addEventListener('submit', onSubmit)
    dialog.addEventListener('click', onClick)
    dialog.addEventListener(
      'close',
      () => {
        form?.removeEventListener('submit', onSubmit)
        dialog.removeEventListener('click', onClick)
        resolve(isSent)
      },
      { once: true }
    )
    dialog.showModal()
    // What is typed takes the place of what is there.
    dialog.querySelector('input')?.select()
  })
}
