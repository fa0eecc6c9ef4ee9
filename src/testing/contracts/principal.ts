/** Who a client is: `User:alice`. */
export interface Principal {
  readonly type: string
  readonly name: string
}

export const anonymous: Principal = { type: 'User', name: 'ANONYMOUS' }

export function principalText(principal: Principal): string {
  return `${principal.type}:${principal.name}`
}
