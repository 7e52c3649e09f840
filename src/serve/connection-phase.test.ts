import { describe, expect, it } from 'vitest';
import { type ConnectionPhase, type ConnectionStep, isAnswering, isOpen, nextPhase } from './connection-phase.ts';

const all: ConnectionPhase[] = [
  'first',
  'greeting',
  'waiting',
  'answering',
  'lastAnswer',
  'leaving',
  'abandoned',
  'gone',
];

function walk(...steps: ConnectionStep[]): ConnectionPhase {
  return steps.reduce(nextPhase, 'first' as ConnectionPhase);
}

describe('the phases of a connection', () => {
  it('the phases of a connection go through a handshake and requests', () => {
    expect(walk('greet', 'answered', 'greet', 'answered')).toBe('first');
    expect(walk('ask', 'answered', 'ask', 'answered')).toBe('waiting');
    expect(walk('ask', 'answered', 'ask', 'end', 'answered', 'closed')).toBe('gone');
  });

  it('the phases of a connection are left only when the socket is closed and the answer has ended', () => {
    expect(walk('closed')).toBe('gone');
    expect(walk('ask', 'closed')).toBe('abandoned');
    expect(walk('ask', 'closed', 'end', 'answered')).toBe('gone');
    expect(walk('end', 'end', 'closed')).toBe('gone');
  });

  it('the phases of a connection exclude impossible steps', () => {
    const impossible: [ConnectionPhase, ConnectionStep][] = [
      ['waiting', 'greet'],
      ['answering', 'ask'],
      ['leaving', 'ask'],
      ['lastAnswer', 'ask'],
      ['first', 'answered'],
      ['gone', 'closed'],
    ];
    for (const [phase, step] of impossible) {
      expect(() => nextPhase(phase, step)).toThrow(expect.objectContaining({ code: 'internal' }));
    }
  });

  it('the phases of a connection can end at any time, and stay ended', () => {
    for (const phase of all) {
      const ended = nextPhase(phase, 'end');
      expect(isOpen(ended)).toBe(false);
      expect(nextPhase(ended, 'end')).toBe(ended);
      expect(isAnswering(ended)).toBe(isAnswering(phase));
    }
    expect(all.filter(isOpen)).toEqual(['first', 'greeting', 'waiting', 'answering']);
    expect(all.filter(isAnswering)).toEqual(['greeting', 'answering', 'lastAnswer', 'abandoned']);
  });
});
