/** What a command sees of the world: where it prints, and when it has to end. */
export interface Terminal {
  print(text: string): void
  /** Resolves when the process is told to stop, by Ctrl-C or SIGTERM. */
  readonly whenToldToStop: Promise<void>
}
