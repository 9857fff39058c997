/** The look: one ink-blue accent, hairline borders instead of shadows, and state colours that stay apart in both modes. */
import { theme, type ThemeConfig } from 'antd';

export type Mode = 'light' | 'dark';

export const FONT =
  'Inter, "Segoe UI", system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif';

export interface Palette {
  open: string;
  blocked: string;
  fixed: string;
  unknown: string;
  none: string;
  accent: string;
  text: string;
  muted: string;
  line: string;
  panel: string;
  canvas: string;
}

/** The same names as the CSS variables of `styles/base.css`, for drawings that are not HTML. */
export const PALETTE: Record<Mode, Palette> = {
  light: {
    open: '#c92a2a',
    blocked: '#c66a00',
    fixed: '#1c7c45',
    unknown: '#66717f',
    none: '#9aa5b1',
    accent: '#1f5fd1',
    text: '#17202b',
    muted: '#5b6775',
    line: '#e1e6ec',
    panel: '#ffffff',
    canvas: '#f3f5f8',
  },
  dark: {
    open: '#ff6b68',
    blocked: '#f2a33c',
    fixed: '#4cc07c',
    unknown: '#94a1b0',
    none: '#667382',
    accent: '#6ea3ff',
    text: '#e4e9ef',
    muted: '#98a5b3',
    line: '#27313d',
    panel: '#161d26',
    canvas: '#0e131a',
  },
};

export function antdTheme(mode: Mode): ThemeConfig {
  const colours = PALETTE[mode];
  return {
    algorithm: mode === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: mode === 'dark' ? '#4d8bf5' : colours.accent,
      colorInfo: mode === 'dark' ? '#4d8bf5' : colours.accent,
      colorLink: colours.accent,
      colorLinkHover: mode === 'dark' ? '#93bbff' : '#164aa8',
      colorError: colours.open,
      colorWarning: colours.blocked,
      colorSuccess: colours.fixed,
      // What is derived from so dark a green is grey.
      colorSuccessBg: mode === 'dark' ? '#14291d' : '#eaf6ef',
      colorSuccessBorder: mode === 'dark' ? '#245c3b' : '#b5dfc6',
      colorTextBase: colours.text,
      colorBgBase: colours.panel,
      colorBgLayout: colours.canvas,
      colorBgContainer: colours.panel,
      colorBgElevated: mode === 'dark' ? '#1c2530' : '#ffffff',
      colorBorder: mode === 'dark' ? '#344150' : '#cfd7e0',
      colorBorderSecondary: colours.line,
      colorTextSecondary: colours.muted,
      borderRadius: 5,
      fontFamily: FONT,
      fontSize: 13,
      controlHeight: 30,
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.16s',
      wireframe: false,
    },
    components: {
      Table: {
        headerBg: mode === 'dark' ? '#1a222d' : '#f7f9fb',
        headerColor: colours.muted,
        headerSplitColor: 'transparent',
        cellPaddingBlockSM: 7,
        cellPaddingInlineSM: 10,
        rowHoverBg: mode === 'dark' ? '#1b2531' : '#f5f8fc',
      },
      Tabs: { horizontalItemPadding: '9px 0', titleFontSize: 13 },
      Descriptions: { itemPaddingBottom: 6 },
      Tag: { defaultBg: 'transparent' },
    },
  };
}
