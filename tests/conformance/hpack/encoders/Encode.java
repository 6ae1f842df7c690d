// netty's encoder: reads header lists (see ../make.ts) and writes one block a line.
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2HeadersEncoder.SensitivityDetector;
import io.netty.util.AsciiString;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;

public class Encode {
  private static AsciiString text(String hex) {
    return new AsciiString(HexFormat.of().parseHex(hex));
  }

  public static void main(String[] args) throws Exception {
    Set<String> sensitive = new HashSet<>();
    SensitivityDetector detector = (name, value) -> sensitive.contains(name.toString());
    DefaultHttp2HeadersEncoder encoder = null;
    DefaultHttp2Headers headers = new DefaultHttp2Headers(false);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ", -1);
      switch (words[0]) {
        case "story" -> {
          encoder = new DefaultHttp2HeadersEncoder(detector);
          encoder.configuration().maxHeaderListSize(1 << 20);
        }
        case "table" -> {
          encoder.maxHeaderTableSize(Long.parseLong(words[1]));
        }
        case "field" -> {
          if (words[1].equals("1")) sensitive.add(text(words[2]).toString());
          headers.add(text(words[2]), text(words[3]));
        }
        case "end" -> {
          ByteBuf block = Unpooled.buffer();
          encoder.encodeHeaders(1, headers, block);
          System.out.println(ByteBufUtil.hexDump(block));
          headers = new DefaultHttp2Headers(false);
        }
      }
    }
  }
}
