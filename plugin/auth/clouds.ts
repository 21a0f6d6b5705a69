/**
 * Where each Microsoft cloud issues tokens and where its Management Activity API lives: the two change together.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference and
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud (the German cloud was closed in 2021).
 */
export const CLOUDS = {
  commercial: { login: 'https://login.microsoftonline.com', api: 'https://manage.office.com', otherLogins: ['login.windows.net'] },
  // GCC signs in at the commercial host; manage.office.com would answer its tenants with empty lists.
  gcc: { login: 'https://login.microsoftonline.com', api: 'https://manage-gcc.office.com', otherLogins: ['login.windows.net'] },
  'gcc-high': { login: 'https://login.microsoftonline.us', api: 'https://manage.office365.us', otherLogins: [] },
  dod: { login: 'https://login.microsoftonline.us', api: 'https://manage.protection.apps.mil', otherLogins: [] },
  china: { login: 'https://login.partner.microsoftonline.cn', api: 'https://manage.office365.cn', otherLogins: ['login.chinacloudapi.cn'] },
} as const satisfies Record<string, { readonly login: string; readonly api: string; readonly otherLogins: readonly string[] }>;

export type CloudName = keyof typeof CLOUDS;

/** Whether both hosts are Microsoft's own but belong to no cloud together: no token will ever fit then. Hosts of others are the operator's affair. */
export function cloudsAreMixed(authenticationEndpoint: URL, resource: URL): boolean {
  const clouds = Object.values(CLOUDS);
  const byLogin = clouds.filter(({ login, otherLogins }) => [new URL(login).host, ...otherLogins].includes(authenticationEndpoint.host));
  const byApi = clouds.filter(({ api }) => new URL(api).host === resource.host);
  return byLogin.length > 0 && byApi.length > 0 && !byLogin.some((cloud) => byApi.includes(cloud));
}
