/** All English words, as one chunk that is fetched only when the page speaks English. */
export default import.meta.glob<Record<string, string>>('../../../locales/en/*.json', {
  eager: true,
  import: 'default',
});
