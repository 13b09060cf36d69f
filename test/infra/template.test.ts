/**
 * What the template promises, a file for each kind of promise. They are one file to vitest, because the first
 * synth in a process takes four seconds, and the later ones a third of one.
 */
import './template/api.ts';
import './template/stack.ts';
import './template/storage.ts';
import './template/permissions.ts';
import './template/permissions-of-code.ts';
import './template/alarms.ts';
import './template/metrics.ts';
import './template/nag.ts';
import './template/environments.ts';
