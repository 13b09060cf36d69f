/** `type/subtype` in lower case, without its parameters. */
function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
}

export function isForm(contentType: string | undefined): boolean {
  return mediaTypeOf(contentType) === 'application/x-www-form-urlencoded';
}

/** No media type at all is taken for JSON: some webhook senders leave it out. */
export function isJson(contentType: string | undefined): boolean {
  return /^(|application\/(json|[\w.+-]+\+json))$/.test(mediaTypeOf(contentType));
}

/** Text is UTF-8 here; another charset is not guessed at. */
export function hasOtherCharset(contentType: string | undefined): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1];
  return charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset);
}
