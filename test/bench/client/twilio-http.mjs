import twilio from 'twilio';

/** Twilio's own HTTP client, with its host replaced: everything else is as its users have it. */
export function httpClientTo(url) {
  const client = new twilio.RequestClient({ timeout: 30_000 });
  const request = client.request.bind(client);
  client.request = (options) => request({ ...options, uri: options.uri.replace(/^https:\/\/[^/]+/, url) });
  return client;
}
