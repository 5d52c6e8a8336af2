/** What `scripts/build-migrations.ts` makes of `migrations/`; declared here so that the types hold before it was made. */
declare module '*/generated/migrations.json' {
  const bundle: import('../domain/migrations/bundle.ts').MigrationBundle;
  export default bundle;
}
