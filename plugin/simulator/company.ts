/** Invented organisations for the simulator's tenants: every name, address and id comes from the seed, none belongs to anybody. */
import { seededRandom, type Random } from './random.ts';

/** Someone who works in a simulated tenant. */
export interface Person {
  readonly objectId: string;
  readonly displayName: string;
  readonly userPrincipalName: string;
  /** The passport id that Exchange and SharePoint know the person by, 16 hexadecimal digits. */
  readonly puid: string;
  readonly sid: string;
  readonly mailboxGuid: string;
  readonly deviceName: string;
  readonly deviceId: string;
  /** The network address that most of this person's requests come from. */
  readonly address: string;
  readonly userAgent: string;
}

export interface Site {
  readonly id: string;
  readonly webId: string;
  readonly listId: string;
  /** https://<tenant>.sharepoint.com/sites/<name>, without a slash at the end. */
  readonly url: string;
  readonly name: string;
}

export interface Team {
  readonly name: string;
  readonly guid: string;
  readonly groupId: string;
  readonly channel: string;
  readonly channelGuid: string;
}

/** A simulated Microsoft 365 organisation. */
export interface Company {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  /** The first label of its SharePoint hosts. */
  readonly hostLabel: string;
  readonly people: readonly Person[];
  readonly sites: readonly Site[];
  readonly teams: readonly Team[];
}

const PEOPLE_A_COMPANY = 24;

const COMPANY_NAMES = ['Halvorsen Marine', 'Bluepeak Foods', 'Tannenquell Optik', 'Ferngate Logistics', 'Kestrel and Rowe', 'Ardenne Textiles', 'Solvik Energi',
  'Marlowe Press', 'Quillon Insurance', 'Brightmoor Clinics', 'Okonjo Ceramics', 'Vale of Lyr Estates'];
const FIRST_NAMES = ['Amara', 'Björn', 'Chloé', 'Dmitri', 'Élise', 'Farid', 'Grete', 'Hiroko', 'Ingrid', 'João', 'Karolína', 'Lúcia', 'Mateusz', 'Noor', 'Óscar', 'Priya',
  'Quentin', 'Rosalind', 'Søren', 'Tamsin', 'Ursula', 'Víctor', 'Wanjiru', 'Xenia', 'Yusuf', 'Zoë'];
const LAST_NAMES = ['Abernathy', 'Bergström', 'Castellanos', 'Dvořák', 'Eriksen', 'Fontaine', 'Groß', 'Hakimi', 'Ibsen', 'Jovanović', 'Kowalczyk', 'Lindqvist', 'Møller',
  'Nakamura', 'Okafor', 'Pereira', 'Quispe', 'Rautio', 'Sørensen', 'Takahashi', 'Ueda', 'Vasquez', 'Weiß', 'Ylönen'];
const SITE_NAMES = ['Finance', 'HumanResources', 'Projects', 'Engineering', 'Sales', 'Board'];
const TEAM_NAMES = ['Field Service', 'Product Launch', 'Night Shift', 'Works Council', 'IT Operations', 'Süd Vertrieb'];

/** Documentation ranges, and the few addresses that the public test databases for geographic look-ups place somewhere. */
const ADDRESS_MAKERS: readonly ((random: Random) => string)[] = [
  (random) => `203.0.113.${random.integer(1, 254)}`,
  (random) => `198.51.100.${random.integer(1, 254)}`,
  (random) => `192.0.2.${random.integer(1, 254)}`,
  (random) => `2001:db8:${random.hex(4).replace(/^0+(?=.)/, '')}::${random.integer(1, 9999)}`,
  (random) => random.pick(['81.2.69.142', '89.160.20.112', '175.16.199.37', '2.125.160.216', '216.160.83.56', '67.43.156.9']),
];

const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Teams/7.10.0',
  'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.19127; Pro)',
];

/** An address of the documentation ranges, or one that a map can show. */
export function makeAddress(random: Random): string {
  return random.pick(ADDRESS_MAKERS)(random);
}

/** The organisation number `index` of this seed. */
export function makeCompany(seed: number, index: number): Company {
  const random = seededRandom(seed, 'company', index);
  const base = COMPANY_NAMES[index % COMPANY_NAMES.length] ?? 'Halvorsen Marine';
  const name = index < COMPANY_NAMES.length ? base : `${base} ${Math.floor(index / COMPANY_NAMES.length) + 1}`;
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const domain = `${label}.example`;
  // A real SharePoint host has no hyphen: nobody owns these.
  const hostLabel = `${label}-example`;
  const sidBase = `S-1-5-21-${random.digits(10)}-${random.digits(10)}-${random.digits(9)}`;
  return {
    id: random.guid(),
    name,
    domain,
    hostLabel,
    people: Array.from({ length: PEOPLE_A_COMPANY }, (_, person) => makePerson(random, domain, sidBase, person)),
    sites: SITE_NAMES.map((site) => ({ id: random.guid(), webId: random.guid(), listId: random.guid(), name: site, url: `https://${hostLabel}.sharepoint.com/sites/${site}` })),
    teams: TEAM_NAMES.map((team) => ({
      name: team,
      guid: `19:${random.hex(32)}@thread.tacv2`,
      groupId: random.guid(),
      channel: random.pick(['General', 'Announcements', 'Handover', 'Incidents']),
      channelGuid: `19:${random.hex(32)}@thread.tacv2`,
    })),
  };
}

function makePerson(random: Random, domain: string, sidBase: string, index: number): Person {
  const first = FIRST_NAMES[(index * 7 + random.integer(0, 2)) % FIRST_NAMES.length] ?? 'Noor';
  const last = LAST_NAMES[(index * 5 + random.integer(0, 3)) % LAST_NAMES.length] ?? 'Okafor';
  const local = `${plainLetters(first)}.${plainLetters(last)}${index}`.toLowerCase();
  return {
    objectId: random.guid(),
    displayName: `${first} ${last}`,
    userPrincipalName: `${local}@${domain}`,
    puid: `10032000${random.hex(8).toUpperCase()}`,
    sid: `${sidBase}-${random.digits(7)}`,
    mailboxGuid: random.guid(),
    deviceName: `${random.pick(['LT', 'WS', 'MB'])}-${plainLetters(last).slice(0, 5).toUpperCase()}-${random.digits(3)}`,
    deviceId: random.guid(),
    address: makeAddress(random),
    userAgent: random.pick(USER_AGENTS),
  };
}

function plainLetters(name: string): string {
  return name.replace(/ø/gi, 'o').replace(/ß/g, 'ss').replace(/ł/gi, 'l').normalize('NFD').replace(/[^A-Za-z]/g, '');
}
