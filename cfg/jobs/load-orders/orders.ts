/** Orders of a shop that does not exist: the same ones for the same day, so that loads can be compared. */
export interface Order {
  readonly id: number;
  readonly ordered_at: string;
  readonly customer: string;
  readonly product: string;
  readonly qty: number;
  /** In euros. */
  readonly price: string;
  readonly cancelled: string;
}

export const ordersOfDay = 100_000;
const products = ['Lamp', 'Chair', 'Table, round', 'Shelf "Oslo"', 'Rug', 'Mirror', 'Desk', 'Clock'] as const;
const secondsOfDay = 86_400;

/** @param fromDate where the window begins, as the step is given it; naive UTC @param toDate where it ends, without this instant */
export function* ordersBetween(fromDate: string, toDate: string): Generator<Order> {
  const end = firstIdAt(toDate);
  for (let id = firstIdAt(fromDate); id < end; id += 1) {
    const second = Math.floor((id / ordersOfDay) * secondsOfDay);
    yield {
      id,
      ordered_at: new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' '),
      customer: `C${1 + (scattered(id) % 5000)}`,
      product: products[scattered(id + 1) % products.length] ?? products[0],
      qty: 1 + (scattered(id + 2) % 5),
      price: (5 + (scattered(id + 3) % 50_000) / 100).toFixed(2),
      cancelled: scattered(id + 4) % 40 === 0 ? 'yes' : '',
    };
  }
}

/** Orders are numbered evenly through the time since 1970: windows that meet share none, and none lies between them. */
function firstIdAt(date: string): number {
  const seconds = Date.parse(`${date.slice(0, 19).replace(' ', 'T')}Z`) / 1000;
  return Math.ceil((seconds * ordersOfDay) / secondsOfDay);
}

/** Whole numbers that follow no visible pattern but are always the same (a multiplicative hash, after Knuth). */
function scattered(number: number): number {
  return (Math.imul(number, 2_654_435_761) >>> 0) >>> 8;
}
