// What other scripts of a page have put there: for `deno check`, which reads ours.
declare var TomSelect: any;
declare var echarts: any;
declare var flatpickr: any;
declare var tabler: any;
