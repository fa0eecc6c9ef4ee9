/** Begins the title of every suite that was declared but cannot run here; the reporter looks for it. */
export const notRunMark = 'NOT RUN'

/** Declares a suite, or, when there is a reason against it, the same suite as not run, which the reporter shouts. */
export function describeUnless(reason: string | null, title: string, body: () => void): void {
  if (reason === null) describe(title, body)
  else describe.skip(`${notRunMark} (${reason}): ${title}`, body)
}
