import { randomUUID } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../aws/protocol.ts';

/** What EventBridge sends the worker when the rule's time has come: the plain event, nothing of ours in it. */
export function scheduledEvent(nowMs: number) {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT_ID,
    time: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    region: REGION,
    resources: [`arn:aws:events:${REGION}:${ACCOUNT_ID}:rule/studio-executions-schedule`],
    detail: {},
  };
}
