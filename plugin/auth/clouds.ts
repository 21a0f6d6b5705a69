/** Which Microsoft clouds two hosts belong to. */
import { CLOUDS } from '../types.ts';

/** Whether both hosts are Microsoft's own but belong to no cloud together: no token will ever fit then. Hosts of others are the operator's affair. */
export function cloudsAreMixed(authenticationEndpoint: URL, resource: URL): boolean {
  const clouds = Object.values(CLOUDS);
  const byLogin = clouds.filter(({ login, otherLogins }) => [new URL(login).host, ...otherLogins].includes(authenticationEndpoint.host));
  const byApi = clouds.filter(({ api }) => new URL(api).host === resource.host);
  return byLogin.length > 0 && byApi.length > 0 && !byLogin.some((cloud) => byApi.includes(cloud));
}
