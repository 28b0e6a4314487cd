import type { Chart } from '../analysis/chart-data.ts';
import { printable } from '../formats/csv.ts';
import { placeText } from './sections/sign-ins.ts';

/**
 * Charts as inline SVG, drawn on the server by Apache ECharts (its SVG renderer needs no DOM). Loaded when a report is
 * written and not before: it is large, and most starts of the app draw nothing.
 */
async function echarts() {
  const [core, charts, components, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  core.use([
    charts.BarChart,
    components.GridComponent,
    components.LegendComponent,
    components.TitleComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

const SUSPICIOUS = '#c2410c';
const OTHER = '#5b7aa6';
const FONT = { fontFamily: 'sans-serif', color: '#24292f', fontSize: 12 };
const WIDTH = 900;

interface Drawing {
  readonly height: number;
  readonly option: Readonly<Record<string, unknown>>;
}

async function draw({ height, option }: Drawing): Promise<string> {
  const core = await echarts();
  const chart = core.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, textStyle: FONT, ...option });
    return svgOnly(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Generated names in the drawing come from a counter of the process: named anew, equal data give equal bytes. */
function svgOnly(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/\bzr\d+(-[a-z]+-?\d*)?/g, (name) => {
    const known = names.get(name) ?? `hf${names.size}`;
    names.set(name, known);
    return known;
  });
}

/** Nothing is drawn for nothing; the least is drawn so that it can be seen. */
const bars = (name: string, color: string, values: readonly number[]) => ({
  name,
  type: 'bar',
  stack: 'all',
  data: values.map((v) => (v === 0 ? '-' : v)),
  itemStyle: { color },
  barMinHeight: 2,
});

const series = (suspicious: readonly number[], other: readonly number[]) => [
  bars('suspicious', SUSPICIOUS, suspicious),
  bars('other', OTHER, other),
];

/** Records over time, the suspicious ones apart. */
export async function timelineChart(chart: Chart, fromMs: number, toMs: number): Promise<string> {
  const bins = chart.bins(fromMs, toMs, 96);
  const step = (bins[1]?.startMs ?? 0) - (bins[0]?.startMs ?? 0);
  const label = (ms: number): string =>
    step >= 86_400_000
      ? new Date(ms).toISOString().slice(5, 10)
      : new Date(ms).toISOString().slice(5, 16).replace('T', ' ');
  return draw({
    height: 300,
    option: {
      grid: { left: 60, right: 20, top: 40, bottom: 50 },
      legend: { top: 4, right: 20, textStyle: FONT },
      xAxis: {
        type: 'category',
        data: bins.map((b) => label(b.startMs)),
        axisLabel: { ...FONT, hideOverlap: true },
      },
      yAxis: { type: 'value', name: 'records', nameTextStyle: FONT, axisLabel: FONT, minInterval: 1 },
      series: series(
        bins.map((b) => b.suspicious),
        bins.map((b) => b.other),
      ),
    },
  });
}

const PLACES = 14;

/** Records by place: a map without a map. */
export async function placesChart(chart: Chart): Promise<string> {
  const places = chart.places().slice(0, PLACES).reverse();
  return draw({
    height: 90 + places.length * 26,
    option: {
      grid: { left: 230, right: 40, top: 40, bottom: 40 },
      legend: { top: 4, right: 40, textStyle: FONT },
      xAxis: { type: 'value', axisLabel: FONT, minInterval: 1 },
      yAxis: {
        type: 'category',
        data: places.map((p) => printable(placeText(p.place)).slice(0, 34)),
        axisLabel: { ...FONT, width: 210, overflow: 'truncate' },
      },
      series: series(
        places.map((p) => p.suspicious),
        places.map((p) => p.other),
      ),
    },
  });
}
