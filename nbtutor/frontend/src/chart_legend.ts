// The legend of a chart, and the colours and patterns of its marks.

import type { Colour, Mark, Pattern } from "./chart";
import { element } from "./dom";
import { markerPath } from "./markers";
import type { Palette } from "./theme";

const SVG = "http://www.w3.org/2000/svg";
const TILE = 7;

/** A colour of the theme. */
export function colourOf(colour: Colour, palette: Palette): string {
  switch (colour) {
    case "text": return palette.text;
    case "quiet": return palette.quiet;
    case "accent": return palette.accent;
    case "alarm": return palette.alarm;
    default: return palette.classes[Number(colour.slice(-1))] ?? palette.text;
  }
}

/** An entry for each mark that does not bear its name itself, once for each name. */
export function chartLegend(marks: readonly Mark[], palette: Palette): HTMLLIElement[] {
  const seen = new Set<string>();
  return marks.flatMap((mark) => {
    if (mark.kind === "rule" || mark.kind === "field" || mark.name === "" || seen.has(mark.name)) return [];
    if (mark.kind === "line" && (mark.named || mark.faint)) return [];
    seen.add(mark.name);
    const entry = element("li", "nbt-chart-entry");
    entry.append(icon(mark, palette), mark.name);
    return [entry];
  });
}

function icon(mark: Exclude<Mark, { kind: "rule" | "field" }>, palette: Palette): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-7 -7 14 14");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  const colour = colourOf(mark.colour, palette);
  const style = (name: string, value: string): void => path.style.setProperty(name, value);
  svg.append(path);
  switch (mark.kind) {
    case "points":
      path.setAttribute("d", markerPath(mark.shape, 4.5));
      style("fill", mark.hollow ? "none" : colour);
      style("stroke", mark.hollow ? colour : palette.outline);
      break;
    case "line":
      path.setAttribute("d", "M-7,0H7");
      style("stroke", colour);
      style("stroke-width", "2.5");
      if (mark.dash !== "solid") style("stroke-dasharray", mark.dash === "dotted" ? "2 2" : "4 2");
      break;
    case "contours":
      path.setAttribute("d", "M-7,3Q0,-8 7,3");
      style("fill", "none");
      style("stroke", colour);
      style("stroke-width", mark.faint ? "1" : "2.5");
      break;
    case "band":
      path.setAttribute("d", "M-7,-4H7V4H-7Z");
      style("fill", colour);
      style("fill-opacity", "0.25");
      style("stroke", "none");
      break;
    case "bars":
      path.setAttribute("d", "M-5.5,-5.5H5.5V5.5H-5.5Z");
      style("fill", colour);
      style("fill-opacity", mark.pattern === "plain" ? "1" : "0.25");
      style("stroke", colour);
      if (mark.pattern !== "plain") svg.append(strokes(mark.pattern, colour));
      break;
  }
  return svg;
}

function strokes(kind: Exclude<Pattern, "plain">, colour: string): SVGPathElement {
  const lines = document.createElementNS(SVG, "path");
  const shapes = {
    rising: "M-5,1L1,-5M-5,5L5,-5M-1,5L5,-1",
    falling: "M-5,-1L1,5M-5,-5L5,5M-1,-5L5,1",
    dots: "M-2.5,-2.5h.1M2.5,-2.5h.1M-2.5,2.5h.1M2.5,2.5h.1",
  };
  lines.setAttribute("d", shapes[kind]);
  lines.style.setProperty("stroke", colour);
  lines.style.setProperty("stroke-width", kind === "dots" ? "2.4" : "1.4");
  lines.style.setProperty("stroke-linecap", "round");
  return lines;
}

export function patternKey(kind: Pattern, colour: string, scale: number): string {
  return `${kind} ${colour} ${scale}`;
}

/** What fills bars: a colour, or a small picture of lines or dots in that colour. */
export function pattern(
  context: CanvasRenderingContext2D,
  kind: Pattern,
  colour: string,
  scale: number,
): CanvasPattern | string {
  if (kind === "plain") return colour;
  const tile = document.createElement("canvas");
  const side = Math.round(TILE * scale);
  tile.width = tile.height = side;
  const pen = tile.getContext("2d");
  if (pen === null) return colour;
  pen.globalAlpha = 0.22;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, side, side);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.3 * scale;
  pen.beginPath();
  if (kind === "dots") {
    pen.arc(side / 2, side / 2, 1.2 * scale, 0, 2 * Math.PI);
    pen.fill();
  } else {
    // The lines go on beyond the tile's corners, so that neighbours join.
    for (const shift of [-side, 0, side]) {
      pen.moveTo(shift - 1, kind === "rising" ? side + 1 : -1);
      pen.lineTo(shift + side + 1, kind === "rising" ? -1 : side + 1);
    }
    pen.stroke();
  }
  return context.createPattern(tile, "repeat") ?? colour;
}
