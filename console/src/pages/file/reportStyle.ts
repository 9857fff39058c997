/** How the report of a file looks, on a screen and on paper. It is part of the document: nothing is fetched. */
export const STYLE = `
:root {
  color-scheme: light;
}

* {
  box-sizing: border-box;
}

body {
  margin: 0;
  background: #fff;
  color: #17202b;
  font:
    13px/1.5 Inter,
    'Segoe UI',
    system-ui,
    'PingFang SC',
    'Microsoft YaHei',
    'Noto Sans SC',
    'Noto Sans CJK SC',
    sans-serif;
}

main {
  max-width: 1080px;
  margin: 0 auto;
  padding: 24px;
}

.house {
  margin: 0;
  color: #5b6775;
}

h1 {
  margin: 2px 0 12px;
  font-size: 22px;
  line-height: 1.3;
  overflow-wrap: anywhere;
}

h2 {
  margin: 26px 0 8px;
  padding-bottom: 4px;
  border-bottom: 2px solid #17202b;
  font-size: 16px;
}

h3 {
  margin: 16px 0 6px;
  font-size: 13px;
  overflow-wrap: anywhere;
}

h4 {
  margin: 10px 0 4px;
  color: #5b6775;
  font-size: 12px;
}

p {
  margin: 4px 0;
}

ul {
  margin: 0;
  padding-left: 18px;
}

li {
  overflow-wrap: anywhere;
}

table {
  width: 100%;
  border-collapse: collapse;
}

th,
td {
  padding: 4px 10px 4px 0;
  border-bottom: 1px solid #e1e6ec;
  text-align: left;
  vertical-align: top;
  overflow-wrap: anywhere;
}

thead th {
  color: #5b6775;
  font-weight: 500;
  white-space: nowrap;
}

.facts th {
  width: 200px;
  color: #5b6775;
  font-weight: 400;
}

article {
  margin-top: 14px;
  padding-top: 2px;
  border-top: 1px solid #9aa5b1;
}

.verdict {
  padding: 10px 14px;
  border: 1px solid #cfd7e0;
  border-radius: 6px;
}

.standing {
  display: flex;
  align-items: center;
  gap: 12px;
}

.standing .mark {
  font-size: 17px;
}

.note {
  padding-left: 10px;
  border-left: 3px solid #b35f00;
}

.mark {
  padding: 1px 8px;
  border: 1px solid;
  border-radius: 4px;
  color: #66717f;
  font-weight: 600;
  white-space: nowrap;
}

.mark.malicious {
  background: #fdf0f0;
  color: #c92a2a;
}

.mark.suspicious {
  background: #fdf4e7;
  color: #b35f00;
}

.mark.incomplete {
  background: #f3effb;
  color: #6b4aa8;
}

.mark.clean {
  background: #eaf6ef;
  color: #1c7c45;
}

.mono,
code {
  font-family:
    ui-monospace, 'Cascadia Mono', Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace;
  font-size: 12px;
}

code {
  padding: 0 3px;
  border-radius: 3px;
  background: #f0f2f5;
}

.num {
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}

.muted {
  color: #5b6775;
}

.small {
  font-size: 11.5px;
}

.digest {
  font-size: 11px;
}

.item {
  display: inline-block;
  margin: 0 1px 3px 0;
  padding: 0 5px;
  border: 1px solid #cfd7e0;
  border-radius: 3px;
}

.hidden {
  margin: 0 1px;
  padding: 0 3px;
  border-radius: 3px;
  background: #fdf0f0;
  color: #c92a2a;
  font-family: ui-monospace, Consolas, monospace;
  font-size: 10px;
}

footer {
  margin-top: 28px;
  padding-top: 6px;
  border-top: 1px solid #cfd7e0;
  color: #5b6775;
  font-size: 12px;
}

@page {
  size: A4;
  margin: 14mm 12mm;
}

@media print {
  body {
    font-size: 10pt;
  }

  .digest {
    font-size: 9.5px;
  }

  main {
    max-width: none;
    padding: 0;
  }

  h2,
  h3,
  h4 {
    break-after: avoid;
  }

  tr,
  li,
  .verdict {
    break-inside: avoid;
  }

  .mark,
  .hidden,
  code {
    print-color-adjust: exact;
  }
}
`;
