import type { ListedApprover } from '../../core/approver.ts';
import { DomainError } from '../../core/errors.ts';
import type { Directory } from './ports.ts';

/** @throws DomainError NOT_FOUND */
export async function requireApprover(directory: Pick<Directory, 'find'>, id: string): Promise<ListedApprover> {
  const found = await directory.find(id);
  if (found) return found;
  throw new DomainError('NOT_FOUND', `there is nobody ${id} in the directory`, {
    hint: '`countersign approver list` shows all',
  });
}
