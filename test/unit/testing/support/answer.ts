import type { ApiHandler, RequestContext } from '../../../../src/testing/contracts/api-handler'
import { Writer } from '../../../../src/wire/primitives/writer'

/** What a handler answers; the answer is also encoded, so that a field which the version does not have is found. */
export async function answer<Request, Response>(
  handler: ApiHandler<Request, Response>,
  request: Request,
  context: RequestContext,
): Promise<Response> {
  const response = await handler.handle(request, context)
  if (response === undefined) throw new Error(`${handler.api.name} was not answered`)
  handler.api.encodeResponse(new Writer(), response, Math.max(context.apiVersion, handler.api.minVersion))
  return response
}
