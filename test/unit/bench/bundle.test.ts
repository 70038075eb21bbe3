import { expect, it } from 'vitest';
import { staticallyReachable } from '../../../bench/bundle.ts';

it('what a bundle reads at once is what it imports statically, however far; not what it imports lazily', () => {
  const sources: Readonly<Record<string, string>> = {
    'index.mjs': 'import{a as b}from"./chunk-A.mjs";import"./chunk-B.mjs";let c=()=>import("./chunk-LAZY.mjs");',
    'chunk-A.mjs': 'import{createHash}from"node:crypto";export{x}from"./chunk-C.mjs";',
    'chunk-B.mjs': 'import{z}from"./index.mjs";',
    'chunk-C.mjs': '',
    'chunk-LAZY.mjs': '',
  };
  const reached = staticallyReachable('index.mjs', (file) => sources[file] ?? '');
  expect([...reached].sort()).toEqual(['chunk-A.mjs', 'chunk-B.mjs', 'chunk-C.mjs', 'index.mjs']);
});
