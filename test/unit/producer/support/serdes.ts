export { nullable, string } from '../../../../src/serde/basic-serdes'
export { json } from '../../../../src/serde/json-serde'
export { topic } from '../../../../src/serde/topic'
