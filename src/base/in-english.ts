import { en } from 'zod/locales'

/**
 * What `safeParse` of every schema is given: `zod/mini` has no words of its own. They are not set for zod as a whole, as a
 * program's own zod shares those settings.
 */
export const inEnglish = { error: en().localeError }
