/** Interactions with Copilot and other AI applications. Source: https://learn.microsoft.com/office/office-365-management-api/copilot-schema */
import { FILE_NAMES, record, type Family } from './family.ts';
import { pickPlace } from './sharepoint.ts';

export const copilot: Family = {
  recordTypes: { 261: 14, 284: 1, 334: 1 },
  make: (scene, recordType) => {
    const { random } = scene;
    const { person, url, library } = pickPlace(scene);
    const prompt = random.digits(13);
    return record(scene, {
      recordType, operation: recordType === 261 ? 'CopilotInteraction' : recordType === 284 ? 'AIAppInteraction' : 'TeamCopilotInteraction', workload: 'Copilot', userId: person.userPrincipalName, userKey: person.objectId,
      clientIp: random.pick([person.address, 'ffff:10.0.0.5', '::1']),
    }, {
      ClientRegion: random.pick(['DE', 'GB', 'US']),
      CopilotEventData: {
        AISystemPlugin: [{ Id: 'BingWebSearch', Name: random.pick(['BuiltIn', '']), Version: '1.0' }],
        AccessedResources: Array.from({ length: random.integer(0, 4) }, () => {
          const name = `${random.pick(FILE_NAMES)}.docx`;
          return { Action: 'Read', Id: random.guid(), Name: name, PolicyDetails: [], SensitivityLabelId: random.guid(), SiteUrl: `${url}/${library}/${name}`, Type: 'docx', XPIADetected: false };
        }),
        AppHost: random.pick(['Teams', 'Word', 'Excel', 'Outlook', 'M365App', 'Bing']),
        Contexts: [{ ContainerId: random.guid(), Id: `${url}/${library}/Notes.docx`, Type: 'docx' }],
        MessageIds: [],
        Messages: [{ Id: prompt, JailbreakDetected: random.chance(0.03), Size: random.integer(20, 900), isPrompt: true }, { Id: String(Number(prompt) + 1), Size: random.integer(200, 9000), isPrompt: false }],
        ModelTransparencyDetails: [{ ModelName: random.pick(['GPT-5', 'GPT-4o']), ModelProviderName: 'OpenAI', ModelVersion: '2026-04-01' }],
        ThreadId: `19:${random.hex(32)}@thread.v2`,
      },
      CopilotLogVersion: '1.0.0.0',
    });
  },
};
