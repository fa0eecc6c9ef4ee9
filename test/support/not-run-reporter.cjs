const mark = 'NOT RUN'

/**
 * Says at the end, loudly, what did not run. A suite whose brokers or Java are missing makes the run fail where
 * CI=true: there everything has to run.
 */
class NotRunReporter {
  #missing = new Map()
  #skipped = []
  #chosenByName

  constructor(globalConfig) {
    // With -t the developer has chosen; what the choice left out is not news.
    this.#chosenByName = Boolean(globalConfig.testNamePattern)
  }

  onTestFileResult(_test, result) {
    for (const { status, ancestorTitles, fullName } of result.testResults) {
      if (status !== 'pending' && status !== 'todo' && status !== 'disabled') continue
      const suite = ancestorTitles.find((title) => title.startsWith(mark))
      if (suite === undefined) this.#skipped.push(fullName)
      else this.#missing.set(suite, (this.#missing.get(suite) ?? 0) + 1)
    }
  }

  onRunComplete() {
    for (const [reason, suites] of this.#missingByReason()) {
      this.#print(`These suites were NOT RUN. To run them: ${reason}`, suites)
    }
    if (this.#skipped.length > 0 && !this.#chosenByName)
      this.#print('These tests were skipped:', this.#skipped)
    // jest takes the exit code from the error and says nothing about it.
    const failure = this.#failure()
    if (failure !== undefined) this.#print(failure.message, [])
  }

  #missingByReason() {
    const reasons = new Map()
    for (const [title, count] of this.#missing) {
      const [, reason = '', suite = title] = /^NOT RUN \((.*?)\): (.*)$/.exec(title) ?? []
      reasons.set(reason, [...(reasons.get(reason) ?? []), `${suite} [${count} tests]`])
    }
    return reasons
  }

  getLastError() {
    return this.#failure()
  }

  #failure() {
    if (this.#missing.size === 0 || process.env.CI !== 'true') return undefined
    return new Error(`${this.#missing.size} suites were not run, and with CI=true every suite has to run`)
  }

  #print(title, lines) {
    process.stderr.write(`\n${'!'.repeat(20)} ${title}\n${lines.map((line) => `  - ${line}\n`).join('')}`)
  }
}

module.exports = NotRunReporter
