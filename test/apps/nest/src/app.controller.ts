import { Body, Controller, Get, Header, HttpCode, Post, Req } from '@nestjs/common'
import type { Request } from 'express'
import { AppService } from './app.service.js'

@Controller()
export class AppController {
  constructor(private readonly service: AppService) {}

  @Get()
  hello(): string {
    return this.service.hello()
  }

  @Get('pid')
  pid(): string {
    return String(process.pid)
  }

  @Get('client')
  client(@Req() req: Request): object {
    const { remotePort: port, remoteFamily: family } = req.socket
    return { address: req.ip, port, family, protocol: req.protocol, headers: req.headers }
  }

  @Post('echo')
  @HttpCode(200)
  @Header('Content-Type', 'text/plain')
  echo(@Body() body: { text: string }): string {
    return body.text
  }
}
