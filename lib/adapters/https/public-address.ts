import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** IANA's special-purpose registry (RFC 6890 and later), with multicast and what is reserved: nothing of the public internet. */
const SPECIAL_IPV4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // Shared by carriers (RFC 6598).
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local; the metadata service of every cloud is among them.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);

/** Of IPv6 only this is given out for the internet: not mapped IPv4, not NAT64, not unique local (Amazon's metadata), not link-local. */
const GLOBAL_IPV6 = blockList('ipv6', [['2000::', 3]]);

/** Of that, what carries IPv4 within it (Teredo, 6to4), and what is for documents, benchmarks and overlays. */
const SPECIAL_IPV6 = blockList('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

const LOOPBACK = blockList('ipv4', [['127.0.0.0', 8]]);

/** Whether an address is one of the public internet. What is no address is none. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !SPECIAL_IPV4.check(address, 'ipv4');
  return isIPv6(address) && GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL_IPV6.check(address, 'ipv6');
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && LOOPBACK.check(address, 'ipv4'));
}

function blockList(family: 'ipv4' | 'ipv6', nets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family);
  return list;
}
