import twilio from 'twilio';

const STUDIO = 'https://studio.twilio.com';

/**
 * Twilio's own Node SDK, with its own HTTP client, talking to another Studio: only the origin of its requests
 * is changed. `url` is where that Studio is.
 */
export function createTwilioSdk(
  url: string,
  accountSid = `AC${'a'.repeat(32)}`,
  username = `SK${'a'.repeat(32)}`,
  password = 'local',
) {
  const httpClient = new twilio.RequestClient({ keepAlive: false });
  const send = httpClient.request.bind(httpClient);
  httpClient.request = (options) => {
    const isStudio = options.uri.startsWith(`${STUDIO}/`);
    return send({ ...options, uri: isStudio ? url + options.uri.slice(STUDIO.length) : options.uri });
  };
  return twilio(username, password, { accountSid, httpClient }).studio;
}
