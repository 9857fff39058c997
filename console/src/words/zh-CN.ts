/** All Chinese words, as one chunk that is fetched only when the page speaks Chinese. */
export default import.meta.glob<Record<string, string>>('../../../locales/zh-CN/*.json', {
  eager: true,
  import: 'default',
});
