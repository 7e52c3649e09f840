import { GraphkeepError } from '../../base/errors.ts';

/** Coordinate reference systems (spec record-stores 8.4). SRID = code. */
export interface CoordinateSystem {
  srid: number;
  table: number;
  dimension: number;
}

const systems: readonly CoordinateSystem[] = [
  { srid: 7203, table: 2, dimension: 2 }, // cartesian
  { srid: 9157, table: 2, dimension: 3 }, // cartesian-3d
  { srid: 4326, table: 1, dimension: 2 }, // wgs-84
  { srid: 4979, table: 1, dimension: 3 }, // wgs-84-3d
];

const bySrid = new Map(systems.map((system) => [system.srid, system]));

export const GEOMETRY_POINT = 1;

export function coordinateSystem(srid: number): CoordinateSystem {
  const system = bySrid.get(srid);
  if (system === undefined) throw new GraphkeepError('store.corrupt', 'unknown coordinate system', { observed: srid });
  return system;
}

/** Checks the consistency of a stored geometry header. */
export function checkGeometry(geometry: number, dimension: number, table: number, srid: number): CoordinateSystem {
  const system = coordinateSystem(srid);
  if (geometry !== GEOMETRY_POINT || dimension !== system.dimension || table !== system.table) {
    throw new GraphkeepError('store.corrupt', 'a spatial value contradicts its coordinate system', {
      observed: `geometry ${geometry}, dimension ${dimension}, table ${table}, SRID ${srid}`,
    });
  }
  return system;
}
