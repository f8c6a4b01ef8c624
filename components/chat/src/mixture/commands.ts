/** The commands that name a message's need themselves, and which of them a draft may be about to become. */

export interface Command {
  name: string
  takes: string
  does: string
}

const COMMANDS: readonly Command[] = [
  { name: 'image', takes: 'PROMPT', does: 'draws the prompt as it stands, without asking an LLM' },
  { name: 'text', takes: 'MESSAGE', does: 'answers in words, without asking the classifier' },
]

/** Those that begin with what is written, while nothing but the command's name is. */
export function commandsFor(draft: string): readonly Command[] {
  const begun = /^\/([a-z]*)$/i.exec(draft)?.[1]?.toLowerCase()
  return begun === undefined ? [] : COMMANDS.filter(({ name }) => name.startsWith(begun))
}
