import type { Reply } from '../http.ts';

/** The little XML that S3 speaks. */

export type Xml = string[];

export function element(name: string, content: string | number | boolean | Xml): string {
  const inside = Array.isArray(content) ? content.join('') : escapeText(String(content));
  return `<${name}>${inside}</${name}>`;
}

export function xmlReply(
  status: number,
  root: string,
  content: Xml,
  headers: Record<string, string> = {},
): Reply {
  const namespace = root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${content.join('')}</${root}>`,
  };
}

/** The parts that a CompleteMultipartUpload names, in its order. */
export function partsOf(xml: string): { number: number; etag: string }[] {
  return [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1] ?? 0),
    etag: unescapeText(/<ETag>(.*?)</s.exec(part)?.[1] ?? ''),
  }));
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function unescapeText(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&');
}
