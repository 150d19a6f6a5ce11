# tags: arm64
mkdir src
cat >src/lib.ts <<'END'
export interface Shape { area(): number }
export class Circle implements Shape { constructor(private r: number) {} area() { return Math.PI * this.r ** 2 } }
export const unused = () => { throw new Error("never") }
END
cat >src/main.ts <<'END'
import { Circle } from "./lib"
const data = { ...{ a: 1 }, b: [..."xyz"] }
console.log(new Circle(2).area().toFixed(3), data?.b ?? "none")
END
/opt/gantry/esbuild --version
/opt/gantry/esbuild src/main.ts --bundle --minify --sourcemap --outfile=out.js --log-level=warning
echo $?
cat out.js
echo 'let x = ;' >bad.js
/opt/gantry/esbuild bad.js --log-limit=1
echo $?
