/** Light, dark, or as the system has it: what a person chose in this browser. */

import { keepScheme, readScheme, type Scheme, SCHEMES } from '../services/preferences'

export class SchemeStore {
  scheme = $state<Scheme>(readScheme())
  readonly next = $derived(SCHEMES[(SCHEMES.indexOf(this.scheme) + 1) % SCHEMES.length] ?? 'system')

  step(): void {
    this.scheme = this.next
    keepScheme(this.scheme)
  }
}
