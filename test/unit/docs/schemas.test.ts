import { describe, expect, it } from 'vitest';
import { committed, publishedSchemas } from '../../generated/schemas.ts';

describe('docs/schemas', () => {
  it.each([...publishedSchemas()])('%s is what the code validates with', (file, text) => {
    expect(committed(file)).toBe(text);
  });
});
