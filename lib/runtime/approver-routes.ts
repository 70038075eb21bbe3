import { randomBytes } from 'node:crypto';
import { dynamoDirectory } from '../adapters/dynamodb/directory.ts';
import { requireApprover } from '../app/directory/find-approver.ts';
import { addApprover, changeApprover, eraseApprover } from '../app/directory/manage-approvers.ts';
import { committedContact } from '../core/approver.ts';
import { AddApproverSchema, ChangeApproverSchema } from '../core/approver-requests.ts';
import { DomainError } from '../core/errors.ts';
import { PrincipalNameSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { changedAnswer, cursorOf, paging } from './answers.ts';
import { countersignDeps, tableConfig, tables } from './composition.ts';
import { jsonBody, type Request, type RouteTable } from './http.ts';

const SALT_BYTES = 32;

/** The directory of the people who may be asked to approve. Only one route answers who they are. */
export function approverRoutes(): RouteTable {
  const config = tableConfig();
  const deps = {
    ...countersignDeps(),
    registry: tables(config).registry,
    directory: dynamoDirectory(config.client, config.registryTable),
    newSalt: () => randomBytes(SALT_BYTES).toString('hex'),
  };
  return {
    'POST /v1/approvers': async (request) =>
      changedAnswer(await addApprover(deps, jsonBody(AddApproverSchema, request), request.caller)),
    'POST /v1/approvers/{id}': async (request) =>
      changedAnswer(
        await changeApprover(deps, idParameter(request), jsonBody(ChangeApproverSchema, request), request.caller),
      ),
    'POST /v1/approvers/{id}/erase': async (request) =>
      changedAnswer(await eraseApprover(deps, idParameter(request), request.caller)),
    'GET /v1/approvers': async (request) => {
      const { approvers, next } = await deps.directory.page(paging(request, PERSON));
      return { status: 200, body: { approvers, next: cursorOf(next) } };
    },
    'GET /v1/approvers/{id}': async (request) => {
      const found = await requireApprover(deps.directory, idParameter(request));
      return { status: 200, body: { ...found.approver, contact: committedContact(found) ? 'known' : 'unknown' } };
    },
    'GET /v1/contacts/{id}': async (request) => {
      const id = idParameter(request);
      const contact = committedContact(await requireApprover(deps.directory, id));
      if (!contact) throw new DomainError('NOT_FOUND', `name and address of ${id} are not known`);
      const { salt: _salt, ...reach } = contact;
      return { status: 200, body: { id, ...reach } };
    },
  };
}

/** A cursor of the listing is the last id of the page before. */
const PERSON = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

function idParameter(request: Request): string {
  return parseWith(PrincipalNameSchema, request.path.id, 'REQUEST_INVALID');
}
