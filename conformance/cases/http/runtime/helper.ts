export enum Colour { Red = "red", Blue = "blue" }
export const typed = <T>(value: T): T => value;
