/** Passwords as GetRandomPassword makes them. Source: AWS Secrets Manager API Reference, GetRandomPassword. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const NUMBERS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** `GenerateSecretString` of AWS::SecretsManager::Secret; anything else in it is refused. */
export const generateSecretString = z
  .strictObject({
    ExcludeCharacters: z.string().default(''),
    ExcludeLowercase: z.boolean().default(false),
    ExcludeNumbers: z.boolean().default(false),
    ExcludePunctuation: z.boolean().default(false),
    ExcludeUppercase: z.boolean().default(false),
    IncludeSpace: z.boolean().default(false),
    PasswordLength: z.int().min(1).max(4096).default(32),
    RequireEachIncludedType: z.boolean().default(true),
    SecretStringTemplate: z.string().optional(),
    GenerateStringKey: z.string().optional(),
  })
  .refine((value) => (value.SecretStringTemplate === undefined) === (value.GenerateStringKey === undefined), {
    error: 'SecretStringTemplate and GenerateStringKey go together',
  });

export type GenerateSecretString = z.input<typeof generateSecretString>;

/**
 * A new secret text: the password, or the template with the password as one more member.
 * @throws Error on options that leave no characters, or a template that is no JSON object.
 */
export function generateSecret(options: GenerateSecretString): string {
  const settings = generateSecretString.parse(options);
  const password = generatePassword(settings);
  if (settings.SecretStringTemplate === undefined || settings.GenerateStringKey === undefined) return password;
  const template = z.record(z.string(), z.unknown()).parse(JSON.parse(settings.SecretStringTemplate));
  return JSON.stringify({ ...template, [settings.GenerateStringKey]: password });
}

function generatePassword(settings: z.output<typeof generateSecretString>): string {
  const without = (characters: string) => [...characters].filter((one) => !settings.ExcludeCharacters.includes(one));
  const kinds = [
    settings.ExcludeUppercase ? [] : without(UPPER),
    settings.ExcludeLowercase ? [] : without(LOWER),
    settings.ExcludeNumbers ? [] : without(NUMBERS),
    settings.ExcludePunctuation ? [] : without(PUNCTUATION),
    settings.IncludeSpace ? without(' ') : [],
  ].filter((kind) => kind.length > 0);
  const all = kinds.flat();
  const required = settings.RequireEachIncludedType ? kinds.map(pick) : [];
  if (all.length === 0 || settings.PasswordLength < required.length) throw new Error('no password fits these options');
  const rest = Array.from({ length: settings.PasswordLength - required.length }, () => pick(all));
  return shuffle([...required, ...rest]).join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}

function shuffle(characters: readonly string[]): string[] {
  const rest = [...characters];
  return characters.flatMap(() => rest.splice(randomInt(rest.length), 1));
}
