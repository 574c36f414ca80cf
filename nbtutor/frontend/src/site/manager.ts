// Makes widgets and their views from what the kernel in the worker sends.

import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
import { Widget } from "@lumino/widgets";
import type { Connection, Received } from "./connection";

type Module = Readonly<Record<string, unknown>>;
type Define = (needs: readonly string[], make: (...needs: Module[]) => Module) => void;

export class Manager extends ManagerBase {
  connection: Connection | null = null;
  private readonly modules = new Map<string, Module>([
    ["@jupyter-widgets/base", base],
    ["@jupyter-widgets/controls", controls],
  ]);

  /** Takes the front end of a package of widgets, which is written for `define`. */
  takeModule(name: string, url: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const define: Define = (needs, make) => {
        this.modules.set(name, make(...needs.map((each) => this.module(each))));
        resolve();
      };
      Object.assign(window, { define });
      const script = document.createElement("script");
      script.src = url;
      script.onerror = () => reject(new Error(`${url} could not be fetched`));
      document.head.append(script);
    });
  }

  async opened(comm: base.IClassicComm, message: Received): Promise<base.WidgetModel> {
    return this.handle_comm_open(comm, message as never);
  }

  /** Makes a view of a widget, and returns what puts it into a place of the page. */
  async view(id: string): Promise<(place: HTMLElement) => void> {
    const model = (await this.get_model(id)) as base.DOMWidgetModel;
    const view = await this.create_view(model);
    return (place) => Widget.attach(view.luminoWidget, place);
  }

  protected override async loadClass(name: string, module: string): Promise<never> {
    const found = this.module(module)[name];
    if (found === undefined) throw new Error(`The widget ${name} of ${module} is not on this site.`);
    return found as never;
  }

  protected override async _create_comm(
    target: string,
    id = base.uuid(),
    data?: Parameters<base.IClassicComm["open"]>[0],
    metadata?: object,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): Promise<base.IClassicComm> {
    if (this.connection === null) throw new Error("There is no kernel yet.");
    const comm = this.connection.comm(id, target);
    if (data !== undefined) comm.open(data, {}, metadata, buffers);
    return comm;
  }

  protected override async _get_comm_info(): Promise<object> {
    return {};
  }

  private module(name: string): Module {
    const found = this.modules.get(name);
    if (found === undefined) throw new Error(`The widgets of ${name} are not on this site.`);
    return found;
  }
}
