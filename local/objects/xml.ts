/** The little XML that S3 speaks. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

/** One element that holds text alone; nothing when there is no value. */
export function xmlText(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  return `<${name}>${String(value).replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character)}</${name}>`;
}

/** The texts of all elements of this name, in order. Enough for DeleteObjects, whose elements do not nest by name. */
export function xmlTexts(document: string, name: string): readonly string[] {
  return [...document.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => plainText(text));
}

function plainText(text: string): string {
  return text.replace(/&(#x?)?([0-9A-Za-z]+);/g, (whole, numeric: string | undefined, name: string) => {
    if (numeric === undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(name, numeric === '#x' ? 16 : 10));
  });
}
