import type { ListedApprover, RecordedApprover } from '../../core/approver.ts';

export interface ApproverPage {
  readonly approvers: readonly RecordedApprover[];
  /** Id after which the next page begins; undefined on the last page. */
  readonly next: string | undefined;
}

/** The people who may be asked to approve, as the registry table has them, which is no proof. Every read is consistent. */
export interface Directory {
  find(id: string): Promise<ListedApprover | undefined>;
  /** Everybody, whether they left, are absent, or not. */
  everybody(): Promise<readonly ListedApprover[]>;
  /** All of them without their contacts, a page at a time, in the order of their ids. */
  page(page: { readonly limit: number; readonly after: string | undefined }): Promise<ApproverPage>;
}
