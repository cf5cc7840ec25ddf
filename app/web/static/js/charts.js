// Charts are drawn from the table beside them; a click opens the rows that were counted.
import { $, $$, byId, dresses, memory, number, on, press, root } from './basics.js';

// What a chart is drawn from: the table beside it.

const linkOf = (cell) => $('a', cell)?.href;
const figuresOf = (row) => [...row.cells].slice(1);

const readTable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  return {
    names: heads.map((cell) => cell.dataset.name || cell.textContent.trim()),
    kind: heads[1]?.dataset.kind,
    currency: heads.map((cell) => cell.dataset.currency),
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    values: rows.map((row) =>
      figuresOf(row).map(({ dataset }) => (dataset.v === '' ? null : Number(dataset.v)))
    ),
    urls: rows.map((row) =>
      figuresOf(row).map((cell) => linkOf(cell) || row.dataset.url || linkOf(row.cells[0]) || '')
    ),
  };
};

// How its figures are written: in full beside the pointer, short along an axis.
const writing = ({ kind, currency }) => {
  const money = kind === 'money' && currency[1];
  const style = money ? { style: 'currency', currency: money } : {};
  const whole = number(money ? style : { maximumFractionDigits: 2 });
  const short = number({ ...style, notation: 'compact', maximumFractionDigits: 1 });
  const unit = kind === 'percent' ? ' %' : '';
  return {
    whole: (v) => (v === null || v === undefined ? '–' : whole.format(v) + unit),
    short: (v) => (v ? short.format(v) + unit : '0'),
  };
};

// What ECharts is told for each kind of chart. On a phone (`narrow`) bars lie down, so that their names have room.

const NARROW = 360;
const FACE = 'Inter Variable, system-ui';

// The canvas wants a plain colour: this resolves var() and light-dark().
const colour = (name) => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const lookOf = () => {
  const text = { color: colour('--ink-2'), fontSize: 12 };
  return {
    text,
    line: colour('--line'),
    edge: colour('--edge'),
    ours: colour('--brand-ink'),
    surface: colour('--surface'),
    empty: colour('--mute-bg'),
    palette: ['--brand-ink', '--edge', '--info', '--warn', '--good', '--bad'].map(colour),
    tip: {
      renderMode: 'richText',
      backgroundColor: colour('--raised'),
      borderColor: colour('--line'),
      textStyle: { color: colour('--ink'), fontSize: 12 },
      confine: true,
    },
  };
};
const baseOf = (look) => ({
  animation: false,
  textStyle: { fontFamily: FACE },
  aria: { enabled: false },
  color: look.palette,
});
const legendOf = (look) => ({
  left: 0,
  top: 0,
  icon: 'roundRect',
  itemWidth: 14,
  itemHeight: 3,
  textStyle: look.text,
  inactiveColor: look.edge,
});
const categoryOf = (look) => ({
  type: 'category',
  axisLine: { lineStyle: { color: look.line } },
  axisTick: { show: false },
  axisLabel: { ...look.text, hideOverlap: true },
});

const pie = (data, { look, narrow, tip }) => ({
  tooltip: { ...tip, trigger: 'item' },
  legend: {
    ...legendOf(look),
    type: 'scroll',
    pageTextStyle: look.text,
    pageIconColor: look.text.color,
    pageIconInactiveColor: look.edge,
    orient: 'vertical',
    icon: 'circle',
    itemHeight: 8,
    ...(narrow ? { top: '62%', bottom: 0 } : { top: 'middle', left: '56%' }),
  },
  series: [{
    type: 'pie',
    ...(narrow
      ? { radius: ['32%', '54%'], center: ['50%', '30%'] }
      : { radius: ['44%', '70%'], center: ['27%', '50%'] }),
    label: { show: false },
    itemStyle: { borderColor: look.surface, borderWidth: 2 },
    data: data.labels.map((name, i) => ({ name, value: data.values[i][0] })),
  }],
});

const heatmap = (data, { look, tip, write }) => {
  const cells = data.values.flatMap((row, y) => row.map((v, x) => [x, y, v]));
  const said = ([x, y, v]) => `${data.labels[y]}, ${data.names[x + 1]}: ${write.whole(v)}`;
  return {
    tooltip: { ...tip, formatter: ({ value }) => said(value) },
    grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
    xAxis: { ...categoryOf(look), data: data.names.slice(1) },
    yAxis: { ...categoryOf(look), inverse: true, data: data.labels },
    visualMap: {
      show: false,
      min: 0,
      max: Math.max(1, ...cells.map((cell) => cell[2] || 0)),
      inRange: { color: [look.empty, look.ours] },
    },
    series: [{
      type: 'heatmap',
      data: cells,
      itemStyle: { borderColor: look.surface, borderWidth: 2, borderRadius: 3 },
    }],
  };
};

// A legend takes as many lines as it needs.
const legendLines = (names, width) =>
  names.reduce(([lines, x], name) => {
    const text = globalThis.echarts.format.getTextRect(name, `12px ${FACE}`).width;
    const wide = text + 29;
    return x && x + wide > width ? [lines + 1, wide] : [lines, x + wide];
  }, [1, 0])[0];

const barSeries = (lies) => ({
  type: 'bar',
  barMaxWidth: 28,
  itemStyle: { borderRadius: lies ? [0, 3, 3, 0] : [3, 3, 0, 0] },
});
// The first line is what is looked at, the second what it is compared with.
const lineSeries = (i, points) => ({
  type: 'line',
  smooth: 0.2,
  symbol: 'circle',
  symbolSize: 6,
  showSymbol: points < 3,
  connectNulls: false,
  lineStyle: { width: i === 1 ? 1.5 : 2.5, type: i === 1 ? 'dashed' : 'solid' },
  areaStyle: i ? undefined : { opacity: 0.07 },
});

const axes = (data, { look, width, write }, bar, lies) => {
  const category = { ...categoryOf(look), data: data.labels };
  const value = {
    type: 'value',
    splitNumber: lies ? 2 : 4,
    splitLine: { lineStyle: { color: look.line } },
    axisLabel: { ...look.text, formatter: write.short, hideOverlap: true },
  };
  if (lies) {
    const label = { width: width * 0.4, overflow: 'break', lineHeight: 15 };
    return {
      xAxis: value,
      yAxis: { ...category, inverse: true, axisLabel: { ...category.axisLabel, ...label } },
    };
  }
  const few = bar && data.labels.length < 9;
  const label = few && {
    interval: 0,
    hideOverlap: false,
    width: Math.max(48, 420 / data.labels.length),
    overflow: 'break',
  };
  return {
    xAxis: { ...category, axisLabel: { ...category.axisLabel, ...label } },
    yAxis: value,
  };
};

const crossed = (data, given, bar) => {
  const { look, narrow, tip, width } = given;
  const names = data.names.slice(1);
  const many = names.length > 1;
  const lies = bar && narrow;
  const pointer = {
    type: bar ? 'shadow' : 'line',
    lineStyle: { color: look.edge },
    shadowStyle: { opacity: 0.08 },
  };
  return {
    tooltip: { ...tip, trigger: 'axis', axisPointer: pointer },
    legend: { ...legendOf(look), show: many },
    grid: {
      left: 4,
      right: lies ? 24 : 12,
      top: many ? 14 + 20 * legendLines(names, width) : 12,
      bottom: 4,
      containLabel: true,
    },
    ...axes(data, given, bar, lies),
    series: names.map((name, i) => ({
      name,
      ...(bar ? barSeries(lies) : lineSeries(i, data.labels.length)),
      data: data.values.map((row) => row[i]),
    })),
  };
};

const chartOptions = (kind, data, width) => {
  const look = lookOf();
  const write = writing(data);
  const tip = { ...look.tip, valueFormatter: write.whole };
  const given = { look, narrow: width < NARROW, tip, width, write };
  const drawn = { pie, heatmap }[kind]?.(data, given) ?? crossed(data, given, kind === 'bar');
  return { ...baseOf(look), ...drawn };
};

const { echarts } = globalThis;

const follow = (chart, box) => {
  const go = (row, series) => {
    const url = memory(box).data.urls[row]?.[series];
    if (url) location.href = url;
  };
  chart.on('click', ({ dataIndex, seriesIndex, seriesType, value }) => {
    if (seriesType === 'heatmap') go(value[1], value[0]);
    else go(dataIndex, seriesIndex || 0);
  });
  // Beside a point of a line counts as the point.
  chart.getZr().on('click', ({ offsetX, offsetY, target }) => {
    if (target || box.dataset.kind !== 'line') return;
    const at = chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]);
    if (at && chart.containPixel({ gridIndex: 0 }, [offsetX, offsetY])) {
      go(Math.max(0, Math.round(at[0])), 0);
    }
  });
};
const start = (box) => {
  const chart = echarts.init(box, null, { renderer: 'canvas' });
  follow(chart, box);
  return chart;
};
// What is hidden has no width, and is drawn when it comes into view.
const draw = (box) => {
  const table = byId(box.dataset.chart);
  if (!table || !box.offsetWidth) return;
  const data = readTable(table);
  Object.assign(memory(box), { data, width: box.offsetWidth });
  const chart = echarts.getInstanceByDom(box) || start(box);
  box.classList.toggle('link', data.urls.some((row) => row.some(Boolean)));
  chart.resize();
  chart.setOption(chartOptions(box.dataset.kind, data, box.offsetWidth), true);
};
const drawAll = () => $$('[data-chart]').forEach(draw);

const shown = new ResizeObserver((/** @type {any[]} */ entries) =>
  entries
    .filter(({ target }) => memory(target).width !== target.offsetWidth)
    .forEach(({ target }) => draw(target))
);
dresses('[data-chart]', (box) => shown.observe(box));
new MutationObserver(drawAll).observe(root, { attributeFilter: ['data-bs-theme'] });
let resizing;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAll, 100);
});
// A legend is laid out by the width of its words.
document.fonts.ready.then(drawAll);

on('click', '[data-swap]', (button) => {
  press(button);
  $$('[data-as]', button.closest('[data-figure]')).forEach((part) => {
    part.hidden = part.dataset.as !== button.dataset.swap;
  });
});
